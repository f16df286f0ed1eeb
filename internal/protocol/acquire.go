package protocol

import (
	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/quorum"
)

// Start sends the grants. now must have been read before anything is sent: the window is counted from it (R2).
func (l *Lease) Start(now clock.Instant) []Effect {
	l.effects = l.buffer[:0]
	if l.phase != Idle {
		return l.effects
	}
	l.phase = Asking
	// A win after the window has closed is worth nothing, so the round need not last longer than that.
	l.grant = l.begin(now, Grant, min(l.p.Budget, l.p.trust()))
	l.window = clock.NewWindow(now, l.p.TTL, l.p.Drift)
	l.emit(Effect{Kind: Send, Op: Grant, Round: l.grant.ID, Nodes: l.all()})
	return l.effects
}

// Cancel gives the attempt up, if it is not held yet.
func (l *Lease) Cancel(now clock.Instant) []Effect {
	if !l.observe(now) && (l.phase == Asking || l.phase == Raising) {
		l.giveUp(Cancelled)
	}
	return l.effects
}

// onGrant counts a reply to the grant round. One that comes while the fence is being written down still helps: a node
// that granted a fence up to T is a granter as if its reply had come in time, and T stays the largest.
func (l *Lease) onGrant(now clock.Instant, node int, reply Reply) {
	if l.grant.seen.Has(node) {
		return
	}
	d := l.grant.count(node, reply)
	switch l.phase {
	case Asking:
		if reply.Vote == Granted {
			l.enlist(node, reply.Fence)
		}
		switch {
		case d == quorum.Won:
			l.onWon(now)
		case d == quorum.Lost && l.grant.disowned():
			l.giveUp(Taken)
		case d == quorum.Lost:
			l.giveUp(NoQuorum)
		}
	case Raising:
		if reply.Vote != Granted || reply.Fence > l.fence {
			l.decided(now, l.round.count(node, Reply{Vote: Silent}))
			return
		}
		l.enlist(node, reply.Fence)
		if l.established.Has(node) {
			l.decided(now, l.round.count(node, Reply{Vote: Granted}))
			return
		}
		l.emit(Effect{Kind: Send, Op: Raise, Round: l.round.ID, Nodes: quorum.Set(0).With(node), Fence: l.fence})
	}
}

// enlist makes node one of the granters S and keeps T, the largest fence among them (R5).
func (l *Lease) enlist(node int, fence uint64) {
	l.granters = l.granters.With(node)
	switch {
	case fence > l.fence:
		l.fence = fence
		l.established = quorum.Set(0).With(node)
	case fence == l.fence:
		l.established = l.established.With(node)
	}
}

// onWon goes from the majority of grants to the lease: at once when a majority has T, else by way of a raise.
func (l *Lease) onWon(now clock.Instant) {
	if l.trust(now) == 0 || !l.p.Fenced || l.established.Len() >= l.p.Rule.Need() {
		l.open(now)
		return
	}
	l.phase = Raising
	l.round = l.begin(now, Raise, min(l.p.Budget, l.trust(now)))
	l.established.Each(func(node int) { l.round.count(node, Reply{Vote: Granted}) })
	// Nodes that have answered without a grant can never establish T; those that are still to answer might.
	l.grant.seen.Without(l.granters).Each(func(node int) { l.round.count(node, Reply{Vote: Silent}) })
	l.emit(Effect{Kind: Send, Op: Raise, Round: l.round.ID, Nodes: l.granters.Without(l.established), Fence: l.fence})
}

// onRaised goes on once it is decided whether a majority has written T down.
func (l *Lease) onRaised(now clock.Instant, d quorum.Decision) {
	if d == quorum.Won || l.trust(now) == 0 {
		l.open(now)
		return
	}
	l.giveUp(NoQuorum)
}

// open hands the lease out, or gives it up when nothing is left of its window.
func (l *Lease) open(now clock.Instant) {
	if l.trust(now) == 0 {
		l.giveUp(Late)
		return
	}
	l.phase = Held
	l.won, l.opened = now, now
	l.renew = l.grant.Start.Add(l.renewal())
	l.emit(Effect{Kind: Opened})
}

// giveUp ends an attempt that was never held. Its grants are taken back from every node that may have one (R4). The
// undo goes out before the caller hears of it, so that it precedes, on every node, whatever the caller tries next.
func (l *Lease) giveUp(why End) {
	l.phase, l.end = Over, why
	if nodes := l.grant.touched(); nodes != 0 {
		l.emit(Effect{Kind: Send, Op: Undo, Nodes: nodes})
	}
	l.emit(Effect{Kind: GaveUp})
}
