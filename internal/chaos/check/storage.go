package check

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// storage: what the storage took with a fence, in its own order, has fences that never decrease and values that grow by
// one. A write of which nobody knows what became may have been taken, and be one of those that others counted on.
func storage(r *run, res *Result) {
	writes := map[string][]*history.Operation{}
	doubts := map[string][]*history.Operation{}
	for i := range r.h.Operations {
		op := &r.h.Operations[i]
		switch {
		case op.Kind != history.Write || op.Fence == 0:
		case op.Outcome == history.OK:
			writes[op.Key] = append(writes[op.Key], op)
		case op.Outcome == history.Unknown:
			doubts[op.Key] = append(doubts[op.Key], op)
		}
	}
	for _, key := range sorted(writes) {
		slices.SortStableFunc(writes[key], byOrder)
		taken(writes[key], doubts[key], res)
	}
	res.Saw = storageWords(res.Samples, Counters(r.h))
}

// taken goes through the writes that were taken of one key.
func taken(writes, doubts []*history.Operation, res *Result) {
	var value, fence uint64
	explained := 0 // of the writes in doubt, how many must have been taken
	for _, w := range writes {
		res.Samples++
		possible := -explained
		for _, d := range doubts {
			if d.Called < w.Returned {
				possible++
			}
		}
		gap := int64(w.Value) - int64(value) - 1
		if gap > 0 && gap <= int64(possible) {
			explained += int(gap)
			gap = 0
		}
		if gap != 0 {
			res.bad(Problem{fmt.Sprintf("client %d wrote %d to %s at %s, over %d", w.Client, w.Value, w.Key, at(w.Returned), value),
				w.Returned, w.Key, []int{w.Client}})
		}
		if w.Fence < fence {
			res.bad(Problem{fmt.Sprintf("a stale holder, client %d with fence %d, wrote to %s at %s, after fence %d",
				w.Client, w.Fence, w.Key, at(w.Returned), fence), w.Returned, w.Key, []int{w.Client}})
		}
		value, fence = w.Value, max(fence, w.Fence)
	}
}

func byOrder(a, b *history.Operation) int { return cmp.Compare(a.Order, b.Order) }

func storageWords(writes int, counters []Counter) string {
	refused, lost, of := 0, 0, 0
	for _, c := range counters {
		if c.Fenced {
			refused += c.Refused
		} else {
			lost, of = lost+c.Lost, of+c.Writes
		}
	}
	saw := fmt.Sprintf("%s, %d more refused to stale holders", count(writes, "write"), refused)
	if of > 0 {
		saw += fmt.Sprintf("; the storage that looks at no fence lost %d of %d updates", lost, of)
	}
	return saw
}
