// Package protocol is the Redlock protocol as pure state machines: one [Round] and one [Lease]. Events go in with the
// time at which they happened, effects come out, and whoever drives the machine carries them out. There is no
// goroutine, no clock read, no randomness and no I/O here, so that the driver in package redlock and a simulator run
// the very same code.
//
// The path is grant → vote → window → lease:
//
//	Lease.Start    send a grant to every node                                  (asking)
//	Lease.Reply    each reply is a vote; the vote that makes the majority
//	               opens the window, if it still is one                       (raising, held)
//	Lease.Tick     a round has lasted too long; a renewal is due; the window
//	               is about to close                                          (lost)
//	Lease.Release  take every grant back                                       (released)
//
// The rules it keeps, by the names that the tests use:
//
//   - R2 one round: one owner for one try; the clock is read before the first byte; won at the N/2+1-th grant, lost as
//     soon as that cannot be reached; a timeout is not a grant; a reply counts in its own round only.
//   - R4 nothing of ours stays: a round that was not handed out is undone on every node that may hold its key.
//   - R5 fence: the largest fence among the granters, handed out once a majority of nodes has written it down.
//   - R7 renewal: only nodes that still hold the key count; a window that has closed never opens again.
//   - R8 the holder knows first: a lease ends Guard before its window does.
package protocol
