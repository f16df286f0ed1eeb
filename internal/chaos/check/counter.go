package check

import (
	"cmp"
	"maps"
	"slices"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// Counter is what became of one counter of the storage. Whoever holds its key reads it, adds one, and writes it.
type Counter struct {
	Key     string `json:"key"`
	Fenced  bool   `json:"fenced"`  // it refuses a smaller fence than it has seen
	Writes  int    `json:"writes"`  // that were taken
	Last    uint64 `json:"last"`    // value
	Lost    int    `json:"lost"`    // writes that the last value knows nothing of
	Refused int    `json:"refused"` // reads and writes of holders that were stale
}

// Counters returns the counters of a history, by key, those with fences first. That one without fences loses updates is
// no failure of the lock: it shows what fences are for.
func Counters(h *history.History) []Counter {
	type id struct {
		key    string
		fenced bool
	}
	counters := map[id]*Counter{}
	last := map[id]uint64{} // the order of the last write
	for i := range h.Operations {
		op := &h.Operations[i]
		if op.Kind != history.Read && op.Kind != history.Write {
			continue
		}
		which := id{op.Key, op.Fence != 0}
		c := counters[which]
		if c == nil {
			c = &Counter{Key: op.Key, Fenced: which.fenced}
			counters[which] = c
		}
		switch {
		case op.Outcome == history.Fail && op.Reason == history.Stale:
			c.Refused++
		case op.Outcome == history.OK && op.Kind == history.Write:
			c.Writes++
			if c.Writes == 1 || op.Order > last[which] {
				last[which], c.Last = op.Order, op.Value
			}
		}
	}
	var all []Counter
	for _, c := range counters {
		if c.Last < uint64(c.Writes) {
			c.Lost = c.Writes - int(c.Last)
		}
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b Counter) int {
		if a.Key == b.Key && a.Fenced != b.Fenced {
			if a.Fenced {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.Key, b.Key)
	})
	return all
}

// sorted returns the keys of m in order.
func sorted[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
