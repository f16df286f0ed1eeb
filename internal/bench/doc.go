// Package bench measures what a quorum lock costs: it puts a load on nodes, hurts some of them if asked to, and returns
// a [Result] with latencies, throughput, what each node answered, and what it cost this process.
//
// Two models of load: closed, in which each worker takes the next lock when it has given back the last one, and open, in
// which locks are asked for at a rate, whatever happens to those before; there a latency counts from when the lock should
// have been asked for, so that a stall shows in every lock that it delayed (no coordinated omission).
//
// Parsing, pacing, planning and the figures are pure; [Run] alone touches nodes and clocks.
package bench
