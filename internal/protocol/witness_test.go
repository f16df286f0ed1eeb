package protocol_test

import (
	"fmt"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/protocol"
	"github.com/quorumlock/quorumlock/quorum"
)

// witness watches a lease from outside. It keeps what was asked and every node's first reply, as plain maps, and says
// after each event which rule was broken, if any. It shares no code with the lease but the clock.
type witness struct {
	p     *protocol.Params
	lease *protocol.Lease

	asked   map[uint32]question
	first   map[uint32]map[int]protocol.Reply
	outcome map[uint32]protocol.EffectKind // Renewed or Kept, of extends
	healed  map[[2]uint32]bool             // by round and node
	without quorum.Set                     // what never was when the lease was released
	newest  uint32
	news    bool // the newest reply was the first of its node to its round

	window clock.Instant // where it starts
	opened clock.Instant
	fence  uint64
	count  map[protocol.EffectKind]int

	lead   time.Duration
	jumped bool // the clocks have parted
}

// question is what nodes were asked in a round.
type question struct {
	op    protocol.Op
	nodes quorum.Set
	start clock.Instant
	fence uint64
}

func newWitness(p *protocol.Params, lease *protocol.Lease) *witness {
	return &witness{
		p:       p,
		lease:   lease,
		asked:   map[uint32]question{},
		first:   map[uint32]map[int]protocol.Reply{},
		outcome: map[uint32]protocol.EffectKind{},
		healed:  map[[2]uint32]bool{},
		count:   map[protocol.EffectKind]int{},
	}
}

// event is one event of a random life.
type event struct {
	at, lead time.Duration // monotonic time, and by how much the wall clock leads
	what     string
	node     int
	round    uint32
	reply    protocol.Reply
}

// apply lets e happen and returns which rule was broken.
func (w *witness) apply(e event) error {
	now := clock.At(e.at, e.at+e.lead)
	w.jumped = w.jumped || e.lead != w.lead
	w.lead = e.lead
	before := w.lease.Phase()
	trusted := w.trusted(now)
	var effects []protocol.Effect
	switch e.what {
	case "start":
		effects = w.lease.Start(now)
	case "tick":
		effects = w.lease.Tick(now)
	case "cancel":
		effects = w.lease.Cancel(now)
	case "release":
		effects = w.lease.Release(now)
	case "extend":
		var round uint32
		effects, round = w.lease.Extend(now)
		if held := w.lease.Phase() == protocol.Held; held != (round != 0) || held && round != w.newest+1 {
			return fmt.Errorf("extend is answered by #%d, the newest round is #%d", round, w.newest)
		}
	case "reply":
		w.note(e)
		effects = w.lease.Reply(now, e.node, e.round, e.reply)
	}
	for i, effect := range effects {
		if !legal(before, effect) {
			return fmt.Errorf("effect %+v of a lease that was %s", effect, phases[before])
		}
		if err := w.judge(e, now, trusted, effects[:i], effect); err != nil {
			return err
		}
	}
	if err := w.finished(e, effects); err != nil {
		return err
	}
	if err := w.decided(); err != nil {
		return err
	}
	return w.times(e, now, before)
}

// note keeps the first reply of a node to a round that was asked.
func (w *witness) note(e event) {
	w.news = false
	if _, asked := w.asked[e.round]; !asked {
		return
	}
	if w.first[e.round] == nil {
		w.first[e.round] = map[int]protocol.Reply{}
	}
	if _, already := w.first[e.round][e.node]; !already {
		w.first[e.round][e.node], w.news = e.reply, true
	}
}

// legal reports whether a lease may have that effect on an event that finds it in phase before.
func legal(before protocol.Phase, e protocol.Effect) bool {
	type kind = struct {
		kind protocol.EffectKind
		op   protocol.Op
	}
	switch before {
	case protocol.Idle:
		return e.Kind == protocol.Send && e.Op == protocol.Grant && e.Round != 0
	case protocol.Asking, protocol.Raising:
		switch (kind{e.Kind, e.Op}) {
		case kind{protocol.Send, protocol.Raise}, kind{protocol.Send, protocol.Undo},
			kind{protocol.Opened, 0}, kind{protocol.GaveUp, 0}:
			return true
		}
	case protocol.Held:
		switch (kind{e.Kind, e.Op}) {
		case kind{protocol.Send, protocol.Grant}:
			return e.Round == 0 // a heal
		case kind{protocol.Send, protocol.Extend}, kind{protocol.Send, protocol.Release},
			kind{protocol.Send, protocol.Undo}, kind{protocol.Renewed, 0}, kind{protocol.Kept, 0},
			kind{protocol.Ended, 0}:
			return true
		}
	case protocol.Over:
		return e.Kind == protocol.Settled
	}
	return false
}

// times looks at Left and Next, which are asked without any event.
func (w *witness) times(e event, now clock.Instant, before protocol.Phase) error {
	want := time.Duration(0)
	if w.lease.Phase() == protocol.Held {
		want = max(0, w.trusted(now))
	}
	got := w.lease.Left(now)
	if got != want {
		return fmt.Errorf("Left: got %v want %v", got, want)
	}
	if most := w.p.TTL - w.p.Drift.Of(w.p.TTL) - w.p.Guard; got > most {
		return fmt.Errorf("Left: got %v want at most %v", got, most)
	}
	next, some := w.lease.Next()
	waits := w.lease.End() == protocol.Unlocked && w.lease.Freed() == protocol.FreedPending
	switch w.lease.Phase() {
	case protocol.Asking, protocol.Raising, protocol.Held:
		waits = true
	}
	if waits && !some {
		return fmt.Errorf("nothing wakes it, and it is %s", phases[w.lease.Phase()])
	}
	if some && e.what == "tick" && before == w.lease.Phase() && next.Mono() <= now.Mono() {
		return fmt.Errorf("a tick at %v left it asking for one at %v", now.Mono(), next.Mono())
	}
	if w.lease.Phase() == protocol.Held && !w.jumped && next.Mono()-now.Mono() > got {
		return fmt.Errorf("woken in %v, when only %v are left (R8)", next.Mono()-now.Mono(), got)
	}
	if w.count[protocol.Opened] > 0 && w.lease.Fence() != w.fence {
		return fmt.Errorf("the fence changed: got %d want %d", w.lease.Fence(), w.fence)
	}
	return nil
}
