package bench

import (
	"context"
	"sync"
	"sync/atomic"

	"github.com/quorumlock/quorumlock/redlock"
)

// answers gathers what the nodes said, node by node, as the lockers' observer hears it. It is safe for concurrent use.
type answers struct {
	on      atomic.Bool // in the measured part
	nodes   []answersOf
	rounds  atomic.Int64 // that were asked to lock
	raises  atomic.Int64 // of those, that needed a second round trip to write their fence down
	locks   atomic.Int64 // that were had
	handed  atomic.Int64 // of those, that were handed over without a round trip
	mu      sync.Mutex
	quorum  histogram // guarded by mu; to the vote that decided a lock
	slowest histogram // guarded by mu; to the last answer of the same
}

// answersOf is what one node said. Each has a lock of its own: its answers come from one goroutine, mostly.
type answersOf struct {
	mu       sync.Mutex
	latency  histogram // guarded by mu; of what it really answered, to lock and unlock
	refusals int64     // guarded by mu
	troubles troubles  // guarded by mu
}

func newAnswers(nodes int) *answers {
	a := &answers{nodes: make([]answersOf, nodes), quorum: newHistogram(3), slowest: newHistogram(3)}
	for i := range a.nodes {
		a.nodes[i].latency, a.nodes[i].troubles = newHistogram(3), troubles{}
	}
	return a
}

func (a *answers) observer() *redlock.Observer {
	return &redlock.Observer{Answered: a.answered, Locked: a.locked}
}

func (a *answers) locked(_ context.Context, one redlock.Locked) {
	if !a.on.Load() || one.Err != nil {
		return
	}
	a.locks.Add(1)
	if one.HandOver {
		a.handed.Add(1)
	}
}

func (a *answers) answered(_ context.Context, one redlock.Answer) {
	if !a.on.Load() {
		return
	}
	if one.Op == "raise" && one.Answers == 1 {
		a.raises.Add(1)
	}
	if one.Op != "lock" && one.Op != "unlock" {
		return
	}
	a.nodes[one.Node].note(one)
	if one.Op != "lock" {
		return
	}
	if one.Answers == 1 {
		a.rounds.Add(1)
	}
	decides, last := one.Yes && one.Votes == one.Need, one.Answers == len(a.nodes) && one.Votes >= one.Need
	if !decides && !last {
		return
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if decides {
		a.quorum.record(one.After)
	}
	if last {
		a.slowest.record(one.After)
	}
}

func (n *answersOf) note(one redlock.Answer) {
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case one.Err != nil:
		n.troubles.add(one.Op, one.Err.Error(), one.Err)
	case !one.Yes:
		n.refusals++
		fallthrough
	default:
		n.latency.record(one.After)
	}
}

// fill puts into the part what the nodes said.
func (a *answers) fill(p *part) {
	p.Rounds, p.Raises, p.Locks, p.HandOvers = a.rounds.Load(), a.raises.Load(), a.locks.Load(), a.handed.Load()
	a.mu.Lock()
	p.Quorum, p.Slowest = a.quorum.copied(), a.slowest.copied()
	a.mu.Unlock()
	p.Nodes = make([]nodePart, len(a.nodes))
	for i := range a.nodes {
		n := &a.nodes[i]
		n.mu.Lock()
		p.Nodes[i] = nodePart{Answer: n.latency.copied(), Refusals: n.refusals, Troubles: n.troubles.sorted()}
		n.mu.Unlock()
	}
}
