// Package history is what a chaos run writes down: what every client did and what became of it, what was done to the
// nodes and to the clients, and what was found at the end. The checks and the page know nothing else of the run.
//
// All times are since the run's beginning, read from one clock that all processes of one machine share (see [Now]).
package history
