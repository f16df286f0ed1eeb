package protocol_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/protocol"
	"github.com/quorumlock/quorumlock/quorum"
)

// votes counts the first replies to a round.
func (w *witness) votes(round uint32) (granted, refused, silent int) {
	released := w.asked[round].op == protocol.Release
	if released {
		silent = w.without.Len()
	}
	for node, r := range w.first[round] {
		if released && w.without.Has(node) {
			continue
		}
		switch r.Vote {
		case protocol.Granted:
			granted++
		case protocol.Refused:
			refused++
		default:
			silent++
		}
	}
	return granted, refused, silent
}

// never is which nodes have certainly nothing of the lease, by what was known before e: they were never asked to grant it,
// or not so that they did.
func (w *witness) never(e event) (nodes quorum.Set) {
	for node, r := range w.first[1] {
		asked := w.news && e.what == "reply" && e.round == 1 && e.node == node
		for id := range w.healed {
			asked = asked || id[1] == uint32(node)
		}
		if r.Vote == protocol.Unasked && !asked {
			nodes = nodes.With(node)
		}
	}
	return nodes
}

// hopeless reports whether no majority is left when that many nodes are out.
func (w *witness) hopeless(out int) bool {
	return 2*(w.p.Rule.Nodes()-out) <= w.p.Rule.Nodes()
}

// enough reports whether that many nodes are a majority.
func (w *witness) enough(nodes int) bool { return 2*nodes > w.p.Rule.Nodes() }

// trusted is for how long the lease may be trusted by what the witness saw; less than 0 when it is late.
func (w *witness) trusted(now clock.Instant) time.Duration {
	gone := max(now.Mono()-w.window.Mono(), now.Mono()+now.Lead()-w.window.Mono()-w.window.Lead())
	left := w.p.TTL - w.p.Drift.Of(w.p.TTL) - w.p.Guard - gone
	if w.p.MaxHold > 0 && w.count[protocol.Opened] > 0 {
		held := max(now.Mono()-w.opened.Mono(), now.Mono()+now.Lead()-w.opened.Mono()-w.opened.Lead())
		left = min(left, w.p.MaxHold-held)
	}
	return left
}

// finished looks whether an event that ends a lease did, and whether all nodes have heard of the end of one that was held
// (R4).
func (w *witness) finished(e event, effects []protocol.Effect) error {
	switch w.lease.Phase() {
	case protocol.Asking, protocol.Raising:
		if e.what == "cancel" {
			return errors.New("not cancelled")
		}
	case protocol.Held:
		if e.what == "release" {
			return errors.New("not released")
		}
	}
	for i, effect := range effects {
		if effect.Kind != protocol.Ended {
			continue
		}
		last := protocol.Undo
		if w.lease.End() == protocol.Unlocked {
			last = protocol.Release
		}
		if i+1 >= len(effects) || effects[i+1].Op != last || effects[i+1].Nodes != w.all()&^w.never(e) {
			return fmt.Errorf("ended: %s, and then %+v want %v to all nodes but %v", ends[w.lease.End()], effects[i+1:], last, w.never(e))
		}
	}
	return nil
}

// established counts the nodes that have fence, and those that cannot have it any more (R5).
func (w *witness) established(fence uint64) (yes, no int) {
	for node, r := range w.first[1] {
		raise, raised := protocol.Reply{}, false
		for round, q := range w.asked {
			if q.op == protocol.Raise && q.fence == fence && q.nodes.Has(node) {
				raise, raised = w.first[round][node]
			}
		}
		switch {
		case r.Vote != protocol.Granted || r.Fence > fence || raised && raise.Vote != protocol.Granted:
			no++
		case r.Fence == fence || raised:
			yes++
		}
	}
	return yes, no
}

// decided looks whether a round is still open that its votes have decided: a majority is not waited for any longer
// than it takes, and neither is a lost one (R2).
func (w *witness) decided() error {
	switch w.lease.Phase() {
	case protocol.Asking:
		if granted, refused, silent := w.votes(1); w.enough(granted) || w.hopeless(refused+silent) {
			return fmt.Errorf("still asking after %d granted, %d refused, %d were silent", granted, refused, silent)
		}
	case protocol.Raising:
		q := w.asked[w.newest]
		if yes, no := w.established(q.fence); w.enough(yes) || w.hopeless(no) {
			return fmt.Errorf("still raising after %d nodes have %d, and %d never will (R5)", yes, q.fence, no)
		}
		for node, r := range w.first[1] {
			if r.Vote == protocol.Granted && r.Fence < q.fence && !q.nodes.Has(node) {
				return fmt.Errorf("node %d granted %d and is not asked to raise it to %d", node, r.Fence, q.fence)
			}
		}
	case protocol.Held:
		if w.asked[w.newest].op != protocol.Extend {
			return nil
		}
		granted, refused, silent := w.votes(w.newest)
		if w.hopeless(refused) {
			return fmt.Errorf("still held after %d nodes disowned it", refused)
		}
		if w.outcome[w.newest] == 0 && (w.enough(granted) || w.hopeless(refused+silent)) {
			return fmt.Errorf("still extending after %d granted, %d refused, %d were silent", granted, refused, silent)
		}
	}
	return nil
}
