package check

import (
	"cmp"
	"maps"
	"slices"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// run is a history, sorted for the checks.
type run struct {
	h        *history.History
	x        *Expect
	keys     []string
	beliefs  map[string][]belief         // of each key, in the order in which the leases were handed out
	acquired []*history.Operation        // Lock and Try that won, by when they returned
	won      []*history.Operation        // those of them that the nodes granted
	handed   map[*history.Operation]bool // the others, which were handed over within a process
	end      time.Duration               // when the clients were told to stop
}

// belief is when a client believed that it held a key.
type belief struct {
	history.Span
	op *history.Operation
}

// empty is a lease whose end was over when its holder had it: nobody ever believed in it.
func (b belief) empty() bool { return b.Length() <= 0 }

func newBelief(op *history.Operation) belief {
	from, until := op.Belief()
	return belief{history.Span{From: from, Until: until}, op}
}

func newRun(h *history.History, x *Expect) *run {
	r := &run{h: h, x: x, beliefs: map[string][]belief{}}
	for i := range h.Operations {
		op := &h.Operations[i]
		switch {
		case op.Kind == history.Hold:
			r.beliefs[op.Key] = append(r.beliefs[op.Key], newBelief(op))
		case acquires(op) && op.Outcome == history.OK:
			r.acquired = append(r.acquired, op)
		}
		r.end = max(r.end, op.Returned)
	}
	for _, of := range r.beliefs {
		slices.SortStableFunc(of, func(a, b belief) int { return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Until, b.Until)) })
	}
	slices.SortStableFunc(r.acquired, func(a, b *history.Operation) int { return cmp.Compare(a.Returned, b.Returned) })
	r.tellHanded()
	r.keys = slices.Sorted(maps.Keys(r.beliefs))
	r.end = cmp.Or(h.Stopped, h.Ended, r.end)
	return r
}

// tellHanded tells leases that the nodes granted from those that were handed over: to a Lock, under the owner of somebody in the
// same process who had the key before.
func (r *run) tellHanded() {
	type id struct {
		key, owner string
		process    int
	}
	r.handed = map[*history.Operation]bool{}
	known := map[id]bool{}
	for _, op := range r.acquired {
		which := id{op.Key, op.Lease, op.Process}
		if op.Kind == history.Lock && op.Lease != "" && known[which] {
			r.handed[op] = true
		} else {
			r.won = append(r.won, op)
		}
		known[which] = true
	}
}

// acquires reports whether an operation asks for a lease.
func acquires(op *history.Operation) bool { return op.Kind == history.Lock || op.Kind == history.Try }

// stalled reports whether an operation's process did not run for longer than patience, or was stopped by a fault in some
// part of span.
func (r *run) stalled(op *history.Operation, span history.Span, patience time.Duration) bool {
	if op.Stalled > patience {
		return true
	}
	for i := range r.h.Strikes {
		s := &r.h.Strikes[i]
		hit := s.Process != nil && *s.Process == op.Process || s.Lease != "" && s.Lease == op.Lease
		if hit && s.Has(history.Frozen) && struck(s).Overlaps(span) {
			return true
		}
	}
	return false
}
