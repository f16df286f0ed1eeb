package redlock

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/quorumlock/quorumlock/internal/node"
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
	// Skew is how far the node's wall clock is ahead of the median of the nodes that told theirs; less than 0: behind. 0
	// also when it did not tell. Locks do not hang on it, and it costs no node its vote.
	Skew time.Duration
	// Silent is why the node does not announce to those who wait in Lock that a key is free, so that they ask again and
	// again, as Backoff says; empty when it does.
	Silent string
	// Warning is what should be looked after although the node can vote; empty when nothing. In mode Fenced: a Skew of
	// more than the time for which a node that forgot its votes does not vote, MaxTTL and a little, so that fences may come
	// out of order after nodes have lost their memory; and a node that cannot announce to those who wait in Lock that a
	// key is free, because an ACL forbids PUBLISH, SUBSCRIBE or PUBSUB on the channels "quorumlock:*". Where a majority cannot,
	// and always in mode Plain, waiters ask again and again instead, as Backoff says.
	Warning string
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
	found := make([]node.Health, len(l.nodes))
	var wg sync.WaitGroup
	for i, n := range l.nodes {
		wg.Go(func() { found[i] = n.Check(ctx) })
	}
	wg.Wait()
	l.diagnose(h.Nodes, found)
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

// warn adds a warning.
func (h *NodeHealth) warn(format string, args ...any) {
	if h.Warning != "" {
		h.Warning += "; "
	}
	h.Warning += fmt.Sprintf(format, args...)
}

// diagnose fills in what was found about each node, and compares their clocks.
func (l *Locker) diagnose(nodes []NodeHealth, found []node.Health) {
	var clocks []time.Duration
	for _, f := range found {
		if f.Told {
			clocks = append(clocks, f.Clock)
		}
	}
	median := node.Median(clocks)
	quarantine := l.cfg.node(len(nodes)).Policy.Quarantine()
	for i, f := range found {
		nodes[i] = NodeHealth{Addr: f.Addr, Err: f.Err, Down: f.Down, RTT: f.RTT, Version: f.Version, Role: f.Role,
			VotesIn: f.VotesIn, Unknown: f.Unknown, Silent: f.Silent}
		if !l.params.Fenced && f.Err == nil {
			nodes[i].Silent = "mode Plain announces nothing"
		}
		if f.Silent != "" {
			nodes[i].Warning = "it cannot announce that a key is free, so that waiters ask again and again: " + f.Silent
		}
		if !f.Told {
			continue
		}
		nodes[i].Skew = f.Clock - median
		if off := nodes[i].Skew; l.params.Fenced && off.Abs() > quarantine && len(clocks) >= l.params.Rule.Need() {
			nodes[i].warn("its clock is %v off the other nodes', which is more than the quarantine of %v: "+
				"after a loss of memory fences may not be in order", off.Round(time.Millisecond), quarantine)
		}
	}
}
