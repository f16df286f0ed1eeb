package protocol

import (
	"github.com/quorumlock/quorumlock/quorum"
)

// Op is what a node is asked for.
type Op uint8

const (
	Grant   Op = iota + 1 // store the owner under the key, unless another owner is there
	Raise                 // write the fence down, if the key is still the owner's
	Extend                // keep the key for another TTL, if it is still the owner's
	Release               // take the grant back at the end of a lease, and say so: this is a vote
	Undo                  // take the grant of a lost round back; nobody waits for the answer
)

// String returns the op's name in lower case.
func (o Op) String() string {
	switch o {
	case Grant:
		return "grant"
	case Raise:
		return "raise"
	case Extend:
		return "extend"
	case Release:
		return "release"
	case Undo:
		return "undo"
	default:
		return "op?"
	}
}

// Vote is what one node's reply means for the round that asked.
type Vote uint8

const (
	// Silent: no usable answer, so the command may or may not have been carried out. The zero Vote.
	Silent Vote = iota
	// Granted: the node did what it was asked for.
	Granted
	// Refused: the node answered that the key is not, or not any more, the owner's. It is the only proof that
	// somebody else has it.
	Refused
	// Unasked: the command certainly never left this process, so there is nothing to take back.
	Unasked
)

// Reply is one node's answer.
type Reply struct {
	Vote  Vote
	Fence uint64 // of a grant under R5
}

// EffectKind says what the driver has to do.
type EffectKind uint8

const (
	// Send: ask every node in Nodes for Op, as part of round Round, with Fence when Op is Raise.
	Send EffectKind = iota + 1
	// Opened: the lease is held from now on; hand it out.
	Opened
	// GaveUp: the lease will never be held; Lease.End tells why.
	GaveUp
	// Renewed: extend round Round succeeded and the window has moved.
	Renewed
	// Kept: extend round Round failed and the old window stands. Nodes are those whose silence was the reason, if it was:
	// by the time that this is carried out, the next round may be under way.
	Kept
	// Ended: a held lease is over; Lease.End tells why.
	Ended
	// Settled: the release that an Ended lease sent is decided; Lease.Freed tells how.
	Settled
)

// Effect is one thing for the driver to carry out. Effects are carried out in order.
type Effect struct {
	Kind  EffectKind
	Op    Op
	Round uint32
	Nodes quorum.Set
	Fence uint64
}
