// Package clock holds what a lock must know about time: readings that also count time spent in suspend, the
// drift that is conceded to other clocks, and the window in which a lease may be trusted, as a pure function of now.
//
// Nothing in it waits or starts a timer, and only [System] reads a clock: everything else takes its readings as
// arguments, so that a simulator can hand it a time of its own.
package clock
