package check

import (
	"cmp"
	"slices"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// forever is later than anything in a history, and leaves room to add to it.
const forever = time.Duration(1 << 61)

// struck is from the first to the last moment at which the fault may have been there. One that did not do what it should
// may be there for good.
func struck(s *history.Strike) history.Span {
	if s.Error != "" || s.End.Until < s.Begin.Until {
		return history.Span{From: s.Begin.From, Until: forever}
	}
	return history.Span{From: s.Begin.From, Until: s.End.Until}
}

// away is when the fault was there for certain and kept its nodes from voting. It may be nothing.
func away(s *history.Strike) history.Span {
	span := history.Span{From: s.Begin.Until, Until: s.End.From}
	switch {
	case !s.Has(history.Away) || s.Error != "":
		return history.Span{}
	case s.End.Until < s.Begin.Until:
		span.Until = forever
	}
	return span
}

// mute is when a node may give no vote for what was done to it: as long as the fault is there, and as long as it then
// waits, since it may have forgotten votes, or since its clock was set (A2).
func (x *Expect) mute(s *history.Strike) history.Span {
	span := struck(s)
	switch {
	case s.Has(history.Amnesia), s.Has(history.Shift):
		span.Until += x.Quarantine
	case !s.Has(history.Away):
		return history.Span{}
	}
	return span
}

// reach is when a client may miss a node's vote: until it has noticed that the node votes again, and until keys are gone
// which nobody could give back.
func (r *run) reach(s *history.Strike) history.Span {
	span := r.x.mute(s)
	if span.Length() <= 0 {
		return span
	}
	span.Until += r.x.Grace
	if s.Has(history.Away) {
		span.Until = max(span.Until, s.Begin.Until+r.h.Setup.TTL)
	}
	return span
}

// spare is how many nodes need not vote.
func (r *run) spare() int { return len(r.h.Setup.Nodes) - r.h.Setup.Need }

// out is a time in which too few nodes voted, or a node did not.
type out struct {
	history.Span
	last *history.Strike // with which it was over
}

// outs returns the times for which more nodes than can be spared were mute.
func (r *run) outs() []out {
	type edge struct {
		at    time.Duration
		step  int // 1: a node is mute from here; -1: not any more
		cause *history.Strike
	}
	var edges []edge
	for _, spans := range r.muted() {
		for _, m := range spans {
			edges = append(edges, edge{m.From, 1, nil}, edge{m.Until, -1, m.last})
		}
	}
	// Where one begins when another ends, there is no moment between them.
	slices.SortStableFunc(edges, func(a, b edge) int { return cmp.Or(cmp.Compare(a.at, b.at), b.step-a.step) })
	var all []out
	mute := 0
	for _, e := range edges {
		before := mute
		mute += e.step
		switch spare := r.spare(); {
		case before == spare && e.step > 0:
			all = append(all, out{Span: history.Span{From: e.at, Until: forever}})
		case mute == spare && e.step < 0:
			all[len(all)-1].Until, all[len(all)-1].last = e.at, e.cause
		}
	}
	return all
}

// muted returns for each node when it was mute, each time with the strike that ended last.
func (r *run) muted() map[int][]out {
	nodes := map[int][]out{}
	strikes := make([]*history.Strike, len(r.h.Strikes))
	for i := range strikes {
		strikes[i] = &r.h.Strikes[i]
	}
	slices.SortStableFunc(strikes, func(a, b *history.Strike) int { return cmp.Compare(a.Begin.From, b.Begin.From) })
	for _, s := range strikes {
		span := r.x.mute(s)
		if span.Length() <= 0 {
			continue
		}
		for _, n := range s.Nodes {
			spans := nodes[n]
			if i := len(spans) - 1; i >= 0 && span.From <= spans[i].Until {
				if span.Until > spans[i].Until {
					spans[i].Until, spans[i].last = span.Until, s
				}
				continue
			}
			nodes[n] = append(spans, out{span, s})
		}
	}
	return nodes
}
