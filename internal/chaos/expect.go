package chaos

import (
	"slices"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/check"
	"github.com/quorumlock/quorumlock/internal/chaos/fault"
	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/internal/chaos/plan"
)

// expect says what the plan puts to the test.
func (r *run) expect() check.Expect {
	x := check.Expect{
		Fenced: !r.cfg.Plain, Quarantine: r.cfg.quarantine(), Grace: grace, Exceptions: 2, Patience: time.Minute,
	}
	x.Recovery = r.cfg.TTL + x.Quarantine + grace + 4*nodeTimeout
	spare := (r.cfg.Nodes - 1) / 2
	for _, gone := range outages(r.plan.Strikes, spare, history.Away) {
		// It takes a moment until the last node is away, and the first is not any more.
		x.Outages = x.Outages || gone.Length() > 2*nodeTimeout
		x.Losses = x.Losses || gone.Length() > r.cfg.TTL+r.cfg.TTL/10
		x.Recoveries = x.Recoveries || gone.Until+x.Recovery < r.plan.Duration
	}
	for _, gone := range outages(r.plan.Strikes, spare, history.Amnesia) {
		x.Recoveries = x.Recoveries || gone.Until+x.Recovery < r.plan.Duration
	}
	for _, s := range r.plan.Strikes {
		reach := history.Span{From: s.At, Until: s.Until + x.Quarantine + grace}
		x.Minority = x.Minority || len(s.Nodes) > 0 && len(hit(r.plan.Strikes, reach, x.Quarantine+grace)) <= spare
	}
	return x
}

// outages returns the times for which faults of an effect hit more nodes than can be spared.
func outages(strikes []plan.Strike, spare int, effect history.Effect) []history.Span {
	var cuts []time.Duration
	with := slices.DeleteFunc(slices.Clone(strikes), func(s plan.Strike) bool { return !slices.Contains(s.Fault.Effects(), effect) })
	for _, s := range with {
		cuts = append(cuts, s.At, s.Until)
	}
	slices.Sort(cuts)
	cuts = slices.Compact(cuts)
	var all []history.Span
	for i, from := range cuts {
		span := history.Span{From: from, Until: from + 1} // for what is over at once
		if i+1 < len(cuts) {
			span.Until = cuts[i+1]
		}
		if len(hit(with, history.Span{From: from, Until: from + 1}, 0)) <= spare {
			continue
		}
		if last := len(all) - 1; last >= 0 && all[last].Until == span.From {
			all[last].Until = span.Until
			continue
		}
		all = append(all, span)
	}
	return all
}

// hit returns the nodes that faults hit which can be felt at some time of span: for a time after they are over.
func hit(strikes []plan.Strike, span history.Span, after time.Duration) map[int]bool {
	nodes := map[int]bool{}
	for _, s := range strikes {
		if _, client := s.Fault.(fault.Freeze); client {
			continue
		}
		if span.Overlaps(history.Span{From: s.At, Until: max(s.Until, s.At+1) + after}) {
			for _, n := range s.Nodes {
				nodes[n] = true
			}
		}
	}
	return nodes
}
