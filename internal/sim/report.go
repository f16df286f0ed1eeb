package sim

import (
	"fmt"
	"time"

	"github.com/quorumlock/quorumlock/internal/protocol"
)

// refusal is why a node's answer is no vote.
type refusal uint8

const (
	none refusal = iota
	timedOut
	connectionLost
	unreachable // the lane is down
	tooLate
	forgotten
	quarantined
	undone
	otherMembers
	clockStepped
	refusals
)

var refusalNames = [refusals]string{"", "timed out", "connection lost", "unreachable", "too late", "forgotten",
	"quarantined", "undone", "other members", "clock stepped"}

// Violation is an invariant that did not hold.
type Violation struct {
	At   time.Duration
	Rule string // I1 to I10 of the protocol, A4 for a client that ought to have been refused
	Text string
}

func (v Violation) String() string { return fmt.Sprintf("%v %s: %s", v.At, v.Rule, v.Text) }

// Report is what happened in a run, or in many.
type Report struct {
	Runs        int
	Simulated   time.Duration
	Events      int
	Attempts    int // rounds that asked for a key
	Acquired    int
	Contended   int // tries that were lost to another holder
	SecondTrips int // raises
	Renewed     int
	Kept        int // renewals that failed and left the window as it was
	Heals       int
	Lost        int // leases that were held and then lost
	Unlocked    int
	Cancelled   int
	Boots       int // looks at a server
	Steps       int // node clocks that were seen to step
	Doubled     int // messages that were sent twice
	Repaid      int // releases that were owed to a node and carried out later
	Writes      int // to the guarded storage
	Fenced      int // writes that the storage refused
	Revived     int // grants that were sent twice, and stored again after their release had deleted the key
	Misjudged   int // first rounds lost without need, to a deadline from an old idea of a node's clock
	Stuck       int // first rounds lost without need, in the second round trip
	Overlaps    int // moments with two holders, the runs beyond the assumptions included
	Beyond      int // runs beyond the assumptions
	Refusals    [refusals]int
	Faults      [kinds]int
	GaveUp      [protocol.Unlocked + 1]int
	Settled     [protocol.FreedUnknown + 1]int
	Violations  []Violation
}

func (r *Report) refused(why refusal) { r.Refusals[why]++ }

// Add adds what happened in another run.
func (r *Report) Add(o *Report) {
	r.Runs += o.Runs
	r.Simulated += o.Simulated
	for _, p := range [][2]*int{
		{&r.Events, &o.Events}, {&r.Attempts, &o.Attempts}, {&r.Acquired, &o.Acquired}, {&r.Contended, &o.Contended},
		{&r.SecondTrips, &o.SecondTrips}, {&r.Renewed, &o.Renewed}, {&r.Kept, &o.Kept}, {&r.Heals, &o.Heals},
		{&r.Lost, &o.Lost}, {&r.Unlocked, &o.Unlocked}, {&r.Cancelled, &o.Cancelled}, {&r.Boots, &o.Boots},
		{&r.Steps, &o.Steps}, {&r.Doubled, &o.Doubled}, {&r.Repaid, &o.Repaid}, {&r.Writes, &o.Writes},
		{&r.Fenced, &o.Fenced}, {&r.Revived, &o.Revived}, {&r.Misjudged, &o.Misjudged}, {&r.Stuck, &o.Stuck}, {&r.Overlaps, &o.Overlaps}, {&r.Beyond, &o.Beyond},
	} {
		*p[0] += *p[1]
	}
	sum(r.Refusals[:], o.Refusals[:])
	sum(r.Faults[:], o.Faults[:])
	sum(r.GaveUp[:], o.GaveUp[:])
	sum(r.Settled[:], o.Settled[:])
	r.Violations = append(r.Violations, o.Violations...)
}

func sum(to, from []int) {
	for i := range from {
		to[i] += from[i]
	}
}
