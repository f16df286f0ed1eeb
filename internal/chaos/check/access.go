package check

import (
	"cmp"
	"fmt"
	"slices"
	"sort"

	"github.com/anishathalye/porcupine"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// counterState is a counter that looks at fences.
type counterState struct {
	value, fence uint64
	order        uint64 // one more than that of the last access
	known        bool   // false: the next access tells the value
}

// counterStep is one access.
type counterStep struct{ *history.Operation }

// counterModel is a counter: an access is taken if no larger fence was seen before, and refused if one was. A read shows
// its fence too, or else a holder could read, and an older one write after that what the newer one then overwrites. One of
// which nobody knows what became was taken if it could be, whenever it arrived.
func counterModel(known bool) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return counterState{known: known} },
		Step: func(state, input, _ any) (bool, any) {
			return state.(counterState).step(input.(*counterStep).Operation)
		},
		DescribeOperation: func(input, _ any) string {
			op := input.(*counterStep)
			switch op.Outcome {
			case history.OK:
				return fmt.Sprintf("the %s of %d with fence %d", op.Kind, op.Value, op.Fence)
			case history.Fail:
				return fmt.Sprintf("the refusal of a %s with fence %d", op.Kind, op.Fence)
			}
			return fmt.Sprintf("a %s with fence %d that may have come", op.Kind, op.Fence)
		},
		DescribeState: func(state any) string {
			now := state.(counterState)
			return fmt.Sprintf("%d, fence %d", now.value, now.fence)
		},
	}
}

func (now counterState) step(op *history.Operation) (bool, counterState) {
	next := now
	switch {
	case op.Outcome == history.Fail:
		return op.Fence < now.fence, now
	case op.Outcome == history.Unknown:
		if op.Fence < now.fence {
			return true, now
		}
		next.fence = op.Fence
		if op.Kind == history.Write {
			next.value, next.known = op.Value, true
		}
		return true, next
	case op.Order+1 <= now.order || op.Fence < now.fence:
		return false, now
	case op.Kind == history.Read && now.known && op.Value != now.value:
		return false, now
	}
	return true, counterState{op.Value, op.Fence, op.Order + 1, true}
}

// accesses returns the accesses with fences to each counter: those that were taken, in the storage's order, and refused,
// and of which nobody knows what became.
func (r *run) accesses() map[string]*accesses {
	all := map[string]*accesses{}
	for i := range r.h.Operations {
		op := &r.h.Operations[i]
		if op.Kind != history.Read && op.Kind != history.Write || op.Fence == 0 {
			continue
		}
		a := all[op.Key]
		if a == nil {
			a = &accesses{}
			all[op.Key] = a
		}
		switch {
		case op.Outcome == history.OK:
			a.taken = append(a.taken, op)
		case op.Outcome == history.Unknown:
			a.doubtful = append(a.doubtful, op)
		case op.Reason == history.Stale:
			a.refused = append(a.refused, op)
		}
	}
	for _, a := range all {
		slices.SortStableFunc(a.taken, byOrder)
	}
	return all
}

type accesses struct{ taken, refused, doubtful []*history.Operation }

// cutCounter returns the parts of a counter. What was taken happened in the storage's order. What was refused changed
// nothing, and the largest fence only grows: so it may be put as late as it can be, which is before the first access that
// was called after the refusal. What is in doubt can be anywhere, and then there are no cuts.
func cutCounter(key string, a *accesses) []part {
	called := make([]int64, len(a.taken)) // the last of this access and all before it
	for i, op := range a.taken {
		called[i] = int64(op.Called)
		if i > 0 {
			called[i] = max(called[i], called[i-1])
		}
	}
	place := func(op *history.Operation) int {
		return sort.Search(len(called), func(i int) bool { return called[i] > int64(op.Returned) })
	}
	slices.SortStableFunc(a.refused, func(x, y *history.Operation) int { return cmp.Compare(place(x), place(y)) })
	var units []unit
	refused := a.refused
	for i := 0; i <= len(a.taken); i++ {
		for len(refused) > 0 && place(refused[0]) == i {
			units, refused = append(units, access(refused[0])), refused[1:]
		}
		if i < len(a.taken) {
			units = append(units, access(a.taken[i]))
		}
	}
	if len(a.doubtful) == 0 {
		return cut(key, counterModel(true), counterModel(false), units)
	}
	for _, op := range a.doubtful {
		units = append(units, access(op))
	}
	return []part{{key, counterModel(true), units}}
}

func access(op *history.Operation) unit {
	o := porcupine.Operation{ClientId: op.Client, Input: &counterStep{op}, Call: int64(op.Called), Return: int64(op.Returned)}
	if op.Outcome == history.Unknown {
		o.Return = int64(forever)
	}
	return unit{ops: []porcupine.Operation{o}, solid: op.Outcome == history.OK}
}
