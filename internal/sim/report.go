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
	mayEvict
	clockStepped
	readOnly
	otherServer
	refusals
)

var refusalNames = [refusals]string{"", "timed out", "connection lost", "unreachable", "too late", "forgotten",
	"quarantined", "undone", "other members", "may evict", "clock stepped", "read only", "other server"}

// Violation is an invariant that did not hold.
type Violation struct {
	Seed uint64
	At   time.Duration
	Rule string // I1 to I10 of the protocol, I12 for an empty run, A4 for a client that ought to have been refused
	Text string
}

// Means says what the violated invariant promises, in a sentence without its full stop.
func (v Violation) Means() string { return meanings[v.Rule] }

var meanings = map[string]string{
	"I1":  "never two holders of a key at a time",
	"I2":  "no fence is handed out twice for a key",
	"I3":  "fences have the order in which leases are handed out and grants are given",
	"I4":  "a storage that refuses smaller fences refuses nobody who holds the key",
	"I5":  "a key on a node is changed by its own try alone, until it expires",
	"I6":  "while a key is held, a majority of nodes has it, or has forgotten it and does not vote",
	"I7":  "a yes that counts was said by that node in that round",
	"I8":  "when the faults are over, who waits for a free key gets it soon",
	"I9":  "with a minority of faulty nodes, and nobody else who wants the key, the first round wins",
	"I10": "when a try is over, its key is left on no node that can be reached",
	"I12": "something must happen in a run",
	"A4":  "a process with other members or a longer TTL gets nothing",
}

func (v Violation) String() string { return fmt.Sprintf("%v %s: %s", v.At, v.Rule, v.Text) }

// Report is what happened in a run, or in many.
type Report struct {
	Runs        int
	Simulated   time.Duration
	Events      int
	Attempts    int // rounds that asked for a key
	Acquired    int
	HandOvers   int
	Contended   int // tries that were lost to another holder
	SecondTrips int // raises
	Renewed     int
	Kept        int // renewals that failed and left the window as it was
	Heals       int
	Lost        int // leases that were held and then lost
	Unlocked    int
	Cancelled   int
	Boots       int     // looks at a server
	Lifts       [2]int  // nodes that remembered nothing: not let vote at once because they had forgotten something since; let
	Reviews     int     // looks at a server along with votes
	Doubts      int     // of them, those after which the votes were in doubt
	Repeated    int     // commands that were asked again because an earlier one for their key was
	Buried      int     // releases that found nothing and left a tombstone
	Unburied    int     // releases that found nothing and left none
	Steps       int     // node clocks that were seen to step
	Doubled     int     // messages that were sent twice
	Repaid      int     // releases that were owed to a node and carried out later
	Writes      int     // to the guarded storage
	Fenced      int     // writes that the storage refused
	Revived     int     // grants that were sent twice, and stored again after their release had deleted the key
	Stuck       int     // first rounds lost without need, in the second round trip
	Early       int     // first rounds lost without need, on new nodes of which another client was just about to say so
	Expired     int     // grants that came to a node after their deadline, whether anybody waited for the answer or not
	Overtaken   int     // the same, after their undo
	Reordered   int     // batches that one of a newer connection overtook
	Crowded     int     // runs with many callers
	Fresh       int     // runs on new nodes, of a client that was told so
	Nodes       [8]int  // runs with so many nodes
	Checked     [11]int // how often each invariant was looked at, by its number

	// Of the runs in which clocks break the assumptions. Two holders at a time are a violation in all others.
	Beyond         int // so many runs
	AcquiredBeyond int
	Overlaps       int // moments with two holders
	Refusals       [refusals]int
	Faults         [kinds]int
	GaveUp         [protocol.Unlocked + 1]int
	Settled        [protocol.FreedUnknown + 1]int
	Violations     []Violation
}

// class counts the run among those of its kind.
func (r *Report) class(cfg *Config) {
	r.Nodes[cfg.Nodes]++
	for _, c := range []struct {
		is    bool
		count *int
	}{{cfg.Beyond, &r.Beyond}, {cfg.Crowded, &r.Crowded}, {cfg.Fresh, &r.Fresh}} {
		if c.is {
			*c.count++
		}
	}
}

func (r *Report) refused(why refusal) { r.Refusals[why]++ }

// Add adds what happened in another run.
func (r *Report) Add(o *Report) {
	r.Runs += o.Runs
	r.Simulated += o.Simulated
	for _, p := range [][2]*int{
		{&r.Events, &o.Events}, {&r.Attempts, &o.Attempts}, {&r.Acquired, &o.Acquired}, {&r.HandOvers, &o.HandOvers}, {&r.Contended, &o.Contended},
		{&r.SecondTrips, &o.SecondTrips}, {&r.Renewed, &o.Renewed}, {&r.Kept, &o.Kept}, {&r.Heals, &o.Heals},
		{&r.Lost, &o.Lost}, {&r.Unlocked, &o.Unlocked}, {&r.Cancelled, &o.Cancelled}, {&r.Boots, &o.Boots},
		{&r.Steps, &o.Steps}, {&r.Doubled, &o.Doubled}, {&r.Repaid, &o.Repaid}, {&r.Writes, &o.Writes},
		{&r.Fenced, &o.Fenced}, {&r.Revived, &o.Revived}, {&r.Stuck, &o.Stuck},
		{&r.Overlaps, &o.Overlaps}, {&r.Beyond, &o.Beyond}, {&r.AcquiredBeyond, &o.AcquiredBeyond},
		{&r.Expired, &o.Expired}, {&r.Overtaken, &o.Overtaken},
		{&r.Reordered, &o.Reordered}, {&r.Crowded, &o.Crowded}, {&r.Fresh, &o.Fresh},
	} {
		*p[0] += *p[1]
	}
	for _, p := range [][2]*int{{&r.Reviews, &o.Reviews}, {&r.Doubts, &o.Doubts}, {&r.Early, &o.Early}, {&r.Repeated, &o.Repeated},
		{&r.Buried, &o.Buried}, {&r.Unburied, &o.Unburied}} {
		*p[0] += *p[1]
	}
	sum(r.Lifts[:], o.Lifts[:])
	sum(r.Refusals[:], o.Refusals[:])
	sum(r.Faults[:], o.Faults[:])
	sum(r.GaveUp[:], o.GaveUp[:])
	sum(r.Settled[:], o.Settled[:])
	sum(r.Nodes[:], o.Nodes[:])
	sum(r.Checked[:], o.Checked[:])
	r.Violations = append(r.Violations, o.Violations...)
}

func sum(to, from []int) {
	for i := range from {
		to[i] += from[i]
	}
}
