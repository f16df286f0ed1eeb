// Package sim runs the protocol of package internal/protocol in a world of its own: N nodes, several processes with
// several leases each, a network and clocks, all of them faulty. Time is virtual and everything is drawn from one seed,
// so that a run is a function of a [Config] and of a list of faults: it can be run again, told as a story, and shrunk.
//
// What is simulated and what is not stands in docs/simulation.md.
package sim
