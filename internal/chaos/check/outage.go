package check

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// outage: whoever asks while so many nodes are away that none can win, and has an answer before one of them is back, gets
// no lease. They must be the same nodes for all that time: one that is back may vote in a round that another, which is away
// by then, has voted in. Who is handed a lease over within a process asks no node; it is one that was won, or extended, in a
// round that began before a majority was away, and can be trusted for no longer than such a one.
func outage(r *run, res *Result) {
	gone := r.gone()
	handed, longest := 0, r.h.Setup.TTL-r.h.Setup.Drift
	spare := max(0, r.spare())
	for i := range r.h.Operations {
		op := &r.h.Operations[i]
		if !acquires(op) || op.Outcome == history.Unknown {
			continue
		}
		var away []time.Duration // since when each node was that was away all the time
		for _, spans := range gone {
			at := slices.IndexFunc(spans, func(s history.Span) bool { return s.From <= op.Called && op.Returned <= s.Until })
			if at >= 0 {
				away = append(away, spans[at].From)
			}
		}
		if len(away) <= spare {
			continue
		}
		slices.Sort(away)
		since := away[spare]
		if r.handed[op] && op.Until <= since+longest {
			handed++
			continue
		}
		res.Samples++
		if op.Outcome == history.OK {
			res.bad(Problem{fmt.Sprintf("client %d got %s at %s, with %d of %d nodes away", op.Client, op.Key, at(op.Returned),
				len(away), len(r.h.Setup.Nodes)), op.Returned, op.Key, []int{op.Client}})
		}
	}
	res.Saw = fmt.Sprintf("%s while a majority was away", count(res.Samples, "attempt"))
	if handed > 0 {
		res.Saw += fmt.Sprintf("; %s handed over within a process", count(handed, "lease"))
	}
}

// gone returns for each node when it was away for certain.
func (r *run) gone() map[int][]history.Span {
	nodes := map[int][]history.Span{}
	for i := range r.h.Strikes {
		s := &r.h.Strikes[i]
		if span := away(s); span.Length() > 0 {
			for _, n := range s.Nodes {
				nodes[n] = append(nodes[n], span)
			}
		}
	}
	for n, spans := range nodes {
		slices.SortFunc(spans, func(a, b history.Span) int { return cmp.Compare(a.From, b.From) })
		joined := spans[:1]
		for _, s := range spans[1:] {
			if last := &joined[len(joined)-1]; s.From <= last.Until {
				last.Until = max(last.Until, s.Until)
			} else {
				joined = append(joined, s)
			}
		}
		nodes[n] = joined
	}
	return nodes
}
