package check

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// Episode is how the lock went while a strike could be felt; or, the last one, while none could.
type Episode struct {
	Strike int             `json:"strike"` // its place in the history, from 0; -1: no strike
	Fault  string          `json:"fault"`
	Spans  []history.Span  `json:"spans"` // one for a strike: until its nodes are back and known to be
	Length time.Duration   `json:"length"`
	Tries  int             `json:"tries"` // of free keys, that began in it
	Won    int             `json:"won"`   // of them
	P50    time.Duration   `json:"p50"`   // of those that won
	P99    time.Duration   `json:"p99"`
	Handed int             `json:"handed"`              // leases, of all keys
	Took   *time.Duration  `json:"recovered,omitempty"` // until somebody acquired, if a majority was back after it
	took   []time.Duration // of those that won
}

// Episodes returns an episode for each strike, in the order of the history, and one for the time without any.
//
// A try that its client gave up, or of which nobody knows what became, is not among the tries.
func Episodes(h *history.History, x Expect) []Episode {
	r := newRun(h, &x)
	tries := r.tries()
	var all []Episode
	for i := range h.Strikes {
		s := &h.Strikes[i]
		span := r.reach(s)
		if span.Length() <= 0 {
			span = struck(s)
		}
		span.Until = min(span.Until, max(r.end, span.From))
		all = append(all, r.episode(i, s.Fault, tries, span))
	}
	for _, rec := range r.recoveries() {
		for i := range all {
			if rec.first != nil && rec.strike == &h.Strikes[i] {
				all[i].Took = &rec.took
			}
		}
	}
	return append(all, r.episode(-1, calm, tries, r.between(all)...))
}

// tries returns the tries in the order in which they began.
func (r *run) tries() []*history.Operation {
	var tries []*history.Operation
	for i := range r.h.Operations {
		op := &r.h.Operations[i]
		if op.Kind == history.Try && op.Outcome != history.Unknown && op.Reason != history.Cancelled {
			tries = append(tries, op)
		}
	}
	slices.SortStableFunc(tries, func(a, b *history.Operation) int { return cmp.Compare(a.Called, b.Called) })
	return tries
}

func (r *run) episode(strike int, fault string, tries []*history.Operation, spans ...history.Span) Episode {
	e := Episode{Strike: strike, Fault: fault, Spans: spans}
	for _, span := range spans {
		e.Length += span.Length()
		from := sort.Search(len(tries), func(i int) bool { return tries[i].Called >= span.From })
		for _, op := range tries[from:] {
			if op.Called >= span.Until {
				break
			}
			e.Tries++
			if op.Outcome == history.OK {
				e.Won++
				e.took = append(e.took, op.Returned-op.Called)
			}
		}
		handed := func(t time.Duration) int {
			return sort.Search(len(r.acquired), func(i int) bool { return r.acquired[i].Returned >= t })
		}
		e.Handed += handed(span.Until) - handed(span.From)
	}
	slices.Sort(e.took)
	e.P50, e.P99 = Rank(e.took, 0.5), Rank(e.took, 0.99)
	return e
}

// between returns the times, until the clients stopped, that are in no episode.
func (r *run) between(episodes []Episode) []history.Span {
	var spans []history.Span
	for _, e := range episodes {
		spans = append(spans, e.Spans...)
	}
	slices.SortFunc(spans, func(a, b history.Span) int { return cmp.Compare(a.From, b.From) })
	var free []history.Span
	var until time.Duration
	for _, s := range append(spans, history.Span{From: r.end, Until: r.end}) {
		if s.From > until {
			free = append(free, history.Span{From: until, Until: s.From})
		}
		until = max(until, s.Until)
	}
	return free
}
