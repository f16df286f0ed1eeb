package redlock

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Health is what [Locker.Check] found.
type Health struct {
	Nodes []NodeHealth // in the order of the locker's nodes
	Need  int          // how many nodes must be able to vote
}

// NodeHealth is what Check found about one node.
type NodeHealth struct {
	Addr    string        // without credentials
	Err     error         // why the node cannot vote; nil when it can
	Down    time.Duration // for how long locking has passed over it; 0 when it does not
	RTT     time.Duration // of one command; 0 when it failed
	Version string        // of Redis; empty when unknown
	Role    string        // master or replica; empty when unknown
	VotesIn time.Duration // for how long it does not vote yet, because it may have forgotten votes; 0 when it does
	Unknown string        // what could not be found out about it; empty when everything could
}

// Voting returns how many nodes can vote.
func (h Health) Voting() int {
	n := 0
	for _, one := range h.Nodes {
		if one.Err == nil {
			n++
		}
	}
	return n
}

// Check asks every node, at once and beside the locks that are under way, whether it can vote. The error is nil when
// a majority can, and matches [ErrNoQuorum] and names the others when not; Health is complete in both cases. It is
// bounded by NodeTimeout. Safe for concurrent use.
func (l *Locker) Check(ctx context.Context) (Health, error) {
	switch {
	case l.bad != nil:
		return Health{}, l.bad
	case l.closed():
		return Health{}, fmt.Errorf("redlock: check: %w", ErrClosed)
	}
	rule := l.params.Rule
	h := Health{Nodes: make([]NodeHealth, len(l.nodes)), Need: rule.Need()}
	var wg sync.WaitGroup
	for i, n := range l.nodes {
		wg.Go(func() { h.Nodes[i] = NodeHealth(n.Check(ctx)) })
	}
	wg.Wait()
	if h.Voting() >= h.Need {
		return h, nil
	}
	e := &QuorumError{Op: "check", Cause: ErrNoQuorum, Need: rule.Need(), Nodes: rule.Nodes()}
	for _, one := range h.Nodes {
		if one.Err != nil {
			e.add(one.Addr, one.Err)
		}
	}
	if ctx.Err() != nil {
		return h, e.ended(ctx)
	}
	return h, e
}
