package chaos

import (
	"cmp"
	"slices"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/check"
	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// points is about how many parts a run is cut into.
const points = 240

// series cuts the run into parts of the same length, a round number.
func series(h *history.History) (interval time.Duration, all []Point) {
	for _, interval = range []time.Duration{
		100 * time.Millisecond, 250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second,
		10 * time.Second, 30 * time.Second, time.Minute, 5 * time.Minute,
	} {
		if h.Stopped/interval <= points {
			break
		}
	}
	all = make([]Point, h.Stopped/interval)
	took := make([][]time.Duration, len(all))
	for i := range all {
		all[i].At = time.Duration(i) * interval
	}
	for i := range h.Operations {
		op := &h.Operations[i]
		part := int(op.Returned / interval)
		if part < 0 || part >= len(all) {
			continue
		}
		switch {
		case op.Kind == history.Hold:
			all[part].Leases++
		case op.Kind == history.Try && op.Outcome == history.OK:
			took[part] = append(took[part], op.Returned-op.Called)
			all[part].Tries++
		case op.Kind == history.Try:
			all[part].Tries++
			all[part].Failed++
		}
	}
	for i, ds := range took {
		if len(ds) > 0 {
			slices.Sort(ds)
			all[i].P50, all[i].P99 = check.Rank(ds, 0.5), check.Rank(ds, 0.99)
		}
	}
	return interval, all
}

// totals counts what came of the operations.
func totals(ops []history.Operation) []Total {
	counts := map[Total]int{}
	for i := range ops {
		counts[Total{Kind: ops[i].Kind, Outcome: ops[i].Outcome, Reason: ops[i].Reason}]++
	}
	var all []Total
	for t, n := range counts {
		t.Count = n
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b Total) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), -cmp.Compare(a.Outcome, b.Outcome), cmp.Compare(a.Reason, b.Reason))
	})
	return all
}
