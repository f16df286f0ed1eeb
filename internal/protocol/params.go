package protocol

import (
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/quorum"
)

// Params is what all leases of one locker share. It is never written after the first lease was made from it.
type Params struct {
	Rule  quorum.Rule
	TTL   time.Duration // how long a node keeps a grant
	Drift clock.Drift   // what the window is shorter than the TTL by
	// Guard is how long before the end of its window a lease ends, so that the holder has heard of it while nobody
	// else can hold the key yet, although the driver may be late.
	Guard   time.Duration
	Budget  time.Duration // longest time that a round waits for answers
	MaxHold time.Duration // longest time that a lease is held, renewals included; 0: no bound
	Renew   bool          // extend in the background
	Fenced  bool          // grants carry fences (R5)
	Cohort  Cohort        // how far a lease is handed on
}

// Cohort bounds how a lease is handed from holder to holder of one process, without a word to the nodes.
type Cohort struct {
	Max int           // holders, the first included; 1 or less: the lease is not handed over
	For time.Duration // how long after it was won a lease may still be handed over; 0: no bound
}

// trust is how long a lease won by a round may be trusted from the start of that round.
func (p *Params) trust() time.Duration {
	return p.TTL - p.Drift.Of(p.TTL) - p.Guard
}
