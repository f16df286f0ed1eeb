package protocol_test

import (
	"errors"
	"fmt"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/protocol"
	"github.com/quorumlock/quorumlock/quorum"
)

// judge says which rule one effect of event e breaks. earlier are the effects of the same event that precede it, and
// trusted is for how long the lease could be trusted when the event came.
func (w *witness) judge(e event, now clock.Instant, trusted time.Duration, earlier []protocol.Effect, effect protocol.Effect) error {
	w.count[effect.Kind]++
	switch effect.Kind {
	case protocol.Send:
		return w.judgeSend(e, now, effect)
	case protocol.Opened:
		return w.judgeOpened(now, trusted)
	case protocol.GaveUp:
		return w.judgeGaveUp(e, trusted, earlier)
	case protocol.Ended:
		return w.judgeEnded(e, trusted, earlier)
	case protocol.Renewed, protocol.Kept:
		return w.judgeExtended(now, trusted, effect)
	case protocol.Settled:
		return w.judgeSettled()
	}
	return fmt.Errorf("unknown effect %+v", effect)
}

func (w *witness) all() quorum.Set { return 1<<w.p.Rule.Nodes() - 1 }

func (w *witness) judgeSend(e event, now clock.Instant, effect protocol.Effect) error {
	if effect.Nodes == 0 || effect.Nodes&^w.all() != 0 {
		return fmt.Errorf("%v to %v", effect.Op, effect.Nodes)
	}
	switch {
	case effect.Op == protocol.Undo || effect.Op == protocol.Grant && effect.Round == 0:
		if effect.Op == protocol.Grant {
			return w.judgeHeal(e, effect)
		}
		if effect.Round != 0 {
			return errors.New("an undo that is part of a round")
		}
		return nil
	case effect.Op == protocol.Raise && effect.Round == w.newest && w.asked[w.newest].op == protocol.Raise:
		q := w.asked[w.newest]
		if again := q.nodes & effect.Nodes; again != 0 {
			return fmt.Errorf("nodes %v are asked twice for one raise", again)
		}
		q.nodes |= effect.Nodes
		w.asked[w.newest] = q
	case effect.Round <= w.newest:
		return fmt.Errorf("round #%d begins after #%d", effect.Round, w.newest)
	case effect.Op == protocol.Release && effect.Nodes != w.all()&^w.never(e):
		return fmt.Errorf("%v goes to %v, and %v never had it (R4)", effect.Op, effect.Nodes, w.never(e))
	case effect.Op != protocol.Raise && effect.Op != protocol.Release && effect.Nodes != w.all():
		return fmt.Errorf("%v goes to %v and not to all nodes (R2)", effect.Op, effect.Nodes)
	default:
		w.newest = effect.Round
		if effect.Op == protocol.Release {
			w.without = w.never(e)
		}
		w.asked[effect.Round] = question{op: effect.Op, nodes: effect.Nodes, start: now, fence: effect.Fence}
		if effect.Op == protocol.Grant {
			w.window = now
		}
	}
	if effect.Op == protocol.Raise {
		return w.judgeRaise(effect)
	}
	return nil
}

// judgeRaise: only a node that granted a smaller fence is asked to write the largest down (R5).
func (w *witness) judgeRaise(effect protocol.Effect) (err error) {
	if want := w.asked[w.newest].fence; effect.Fence != want {
		return fmt.Errorf("one round raises to %d and to %d", want, effect.Fence)
	}
	effect.Nodes.Each(func(node int) {
		if r := w.first[1][node]; r.Vote != protocol.Granted || r.Fence >= effect.Fence {
			err = fmt.Errorf("node %d is asked to raise to %d after %+v", node, effect.Fence, r)
		}
	})
	return err
}

// judgeHeal: a node is asked to grant again only because it has just said, for the first time, that it does not have
// the key, and the lease is still held (R7).
func (w *witness) judgeHeal(e event, effect protocol.Effect) error {
	reason := e.what == "reply" && e.round == w.newest && w.asked[w.newest].op == protocol.Extend &&
		effect.Nodes == 1<<e.node && w.first[e.round][e.node].Vote == protocol.Refused
	id := [2]uint32{e.round, uint32(e.node)}
	if !reason || w.healed[id] || w.lease.Phase() != protocol.Held {
		return fmt.Errorf("heal of %v for no reason", effect.Nodes)
	}
	w.healed[id] = true
	return nil
}

// judgeOpened: handed out once, while the window is open, after enough nodes granted (R2) and wrote the fence down (R5).
func (w *witness) judgeOpened(now clock.Instant, trusted time.Duration) error {
	if w.count[protocol.Opened]+w.count[protocol.GaveUp] > 1 {
		return errors.New("opened after it was opened or given up")
	}
	if trusted <= 0 {
		return fmt.Errorf("opened with %v of its window left", trusted)
	}
	if granted, refused, silent := w.votes(1); !w.enough(granted) {
		return fmt.Errorf("opened by %d grants, %d refusals, %d silent nodes", granted, refused, silent)
	}
	w.opened, w.fence = now, w.lease.Fence()
	if established, _ := w.established(w.fence); !w.enough(established) {
		return fmt.Errorf("opened with fence %d, which only %d nodes have (R5)", w.fence, established)
	}
	return nil
}

// judgeGaveUp: whatever may be on a node is taken back before the caller hears of it (R4), and only refusals prove that
// the key is somebody else's.
func (w *witness) judgeGaveUp(e event, trusted time.Duration, earlier []protocol.Effect) error {
	if w.count[protocol.Opened]+w.count[protocol.GaveUp] > 1 {
		return errors.New("given up after it was opened or given up")
	}
	want := w.all()
	for node, r := range w.first[1] {
		if r.Vote == protocol.Refused || r.Vote == protocol.Unasked {
			want &^= 1 << node
		}
	}
	got := quorum.Set(0)
	for _, u := range earlier {
		if u.Op == protocol.Undo {
			got |= u.Nodes
		}
	}
	if got != want {
		return fmt.Errorf("given up: undone on %v want %v (R4)", got, want)
	}
	_, refused, _ := w.votes(1)
	ok := false
	switch w.lease.End() {
	case protocol.Taken:
		ok = w.hopeless(refused)
	case protocol.NoQuorum:
		ok = !w.hopeless(refused) || w.asked[w.newest].op == protocol.Raise
	case protocol.Late:
		ok = trusted <= 0
	case protocol.Cancelled:
		ok = e.what == "cancel"
	}
	if !ok {
		return fmt.Errorf("given up for no reason: %s, %d refused, %v left", ends[w.lease.End()], refused, trusted)
	}
	return nil
}

// judgeEnded: a held lease is over once, when it was released, when its window closes, or when it is disowned (R7, R8).
func (w *witness) judgeEnded(e event, trusted time.Duration, earlier []protocol.Effect) error {
	if w.count[protocol.Ended] > 1 || w.count[protocol.Opened] == 0 {
		return errors.New("ended, and was not held")
	}
	if len(earlier) > 0 {
		return fmt.Errorf("the holder hears of the end after %+v", earlier)
	}
	_, refused, _ := w.votes(w.newest)
	disowned := e.what == "reply" && w.asked[w.newest].op == protocol.Extend && w.hopeless(refused)
	switch end := w.lease.End(); {
	case end == protocol.Unlocked && e.what == "release" && trusted > 0:
		return nil
	case end == protocol.Forfeited && (trusted <= 0 || disowned):
		return nil
	default:
		return fmt.Errorf("ended for no reason: %s, %v left, %d refused", ends[end], trusted, refused)
	}
}

// judgeExtended: only a majority in the newest round moves the window, to where that round began (R7).
func (w *witness) judgeExtended(now clock.Instant, trusted time.Duration, effect protocol.Effect) error {
	if effect.Round != w.newest || w.asked[effect.Round].op != protocol.Extend || w.outcome[effect.Round] != 0 {
		return fmt.Errorf("round #%d is decided, the newest is #%d", effect.Round, w.newest)
	}
	if trusted <= 0 {
		return errors.New("extended after the window had closed")
	}
	w.outcome[effect.Round] = effect.Kind
	granted, refused, silent := w.votes(effect.Round)
	start := w.asked[effect.Round].start
	if effect.Kind == protocol.Kept {
		if w.enough(granted) || !w.hopeless(refused+silent) && now.Sub(start) < min(w.p.Budget, w.p.TTL/4) {
			return fmt.Errorf("kept with %d granted, %d refused, %d silent", granted, refused, silent)
		}
		return nil
	}
	if !w.enough(granted) {
		return fmt.Errorf("renewed by %d grants", granted)
	}
	if start.Mono() < w.window.Mono() {
		return fmt.Errorf("the window moved back from %v to %v", w.window.Mono(), start.Mono())
	}
	w.window = start
	return nil
}

// judgeSettled: a release is settled once, and says what the votes say.
func (w *witness) judgeSettled() error {
	granted, refused, _ := w.votes(w.newest)
	ok := w.count[protocol.Settled] == 1 && w.lease.End() == protocol.Unlocked
	switch w.lease.Freed() {
	case protocol.FreedAll:
		ok = ok && w.enough(granted+refused) && !w.hopeless(refused)
	case protocol.FreedTooLate:
		ok = ok && w.hopeless(refused)
	case protocol.FreedUnknown:
		ok = ok && !w.enough(granted+refused)
	default:
		ok = false
	}
	if !ok {
		return fmt.Errorf("settled: %s, %d granted, %d refused", freed[w.lease.Freed()], granted, refused)
	}
	return nil
}
