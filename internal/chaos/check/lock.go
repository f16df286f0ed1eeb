package check

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/anishathalye/porcupine"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// lockState is a lock: which lease has it, 0 for none, and the largest fence so far.
type lockState struct {
	lease int
	fence uint64
}

// lockStep is that a lease begins, or ends.
type lockStep struct {
	lease   int // from 1
	fence   uint64
	acquire bool
}

// lockModel is a lock: a lease begins while there is none, with a larger fence than any before, if there are fences.
func lockModel(fenced bool) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return lockState{} },
		Step: func(state, input, _ any) (bool, any) {
			now, step := state.(lockState), input.(*lockStep)
			if !step.acquire {
				return now.lease == step.lease, lockState{0, now.fence}
			}
			free := now.lease == 0 && (!fenced || step.fence > now.fence)
			return free, lockState{step.lease, step.fence}
		},
		DescribeOperation: func(input, _ any) string {
			step := input.(*lockStep)
			switch {
			case !step.acquire:
				return fmt.Sprintf("the end of lease %d", step.lease)
			case fenced:
				return fmt.Sprintf("lease %d with fence %d", step.lease, step.fence)
			}
			return fmt.Sprintf("lease %d", step.lease)
		},
		DescribeState: func(state any) string {
			if now := state.(lockState); now.lease != 0 {
				return fmt.Sprintf("lease %d", now.lease)
			}
			return "free"
		},
	}
}

// lease is what there is to know of one; each may be missing.
type lease struct {
	won, hold, unlock *history.Operation
}

// leases puts together, key by key, what belongs to one lease.
func (r *run) leases() map[string][]*lease {
	type id struct {
		key, owner string
		fence      uint64
	}
	all := map[string][]*lease{}
	known := map[id]*lease{}
	for i := range r.h.Operations {
		op := &r.h.Operations[i]
		if op.Kind != history.Hold && (op.Outcome != history.OK || !acquires(op) && op.Kind != history.Unlock) {
			continue
		}
		which := id{op.Key, op.Lease, op.Fence}
		l := known[which]
		// One owner that was granted twice are two leases, whoever hopes that there is only one.
		if l == nil || acquires(op) && l.won != nil || op.Kind == history.Hold && l.hold != nil {
			l = &lease{}
			known[which] = l
			all[op.Key] = append(all[op.Key], l)
		}
		switch op.Kind {
		case history.Hold:
			l.hold = op
		case history.Unlock:
			l.unlock = op
		default:
			l.won = op
		}
	}
	for key, of := range all {
		all[key] = slices.DeleteFunc(of, func(l *lease) bool { return l.won == nil && l.hold == nil })
	}
	return all
}

// steps returns the lease's two steps. It begins at some time while it was asked for, and before the end of the trust in
// it: a client that was stopped meanwhile may have noticed later. It ends at the earliest with the trust, or when the
// holder began to give it back; at the latest when it was given back; and at any time later if nobody knows that it was.
func (l *lease) steps() (begin, end porcupine.Operation) {
	first := cmp.Or(l.won, l.hold)
	end.Return = int64(forever)
	if l.won != nil {
		begin.Call, begin.Return = int64(l.won.Called), int64(l.won.Returned)
	} else {
		begin.Return = int64(l.hold.Called)
	}
	if until := int64(cmp.Or(l.hold, l.won).Until); until != 0 {
		begin.Return = max(begin.Call, min(begin.Return, until))
	}
	end.Call = begin.Return
	if l.hold != nil {
		end.Call = max(end.Call, int64(min(l.hold.Returned, l.hold.Until)))
	}
	if l.unlock != nil {
		end.Return = max(end.Call, int64(l.unlock.Returned))
	}
	begin.ClientId, end.ClientId = first.Client, first.Client
	return begin, end
}

// lockUnits returns a key's leases in the order in which they must have been granted. Each has begun when its client had
// it, and has not ended before that; two of which that is so at different moments can only have followed each other in the
// order of these moments.
func lockUnits(leases []*lease) []unit {
	units := make([]unit, len(leases))
	for i, l := range leases {
		begin, end := l.steps()
		units[i] = unit{ops: []porcupine.Operation{begin, end}, solid: true}
	}
	order := make([]int, len(leases))
	for i := range order {
		order[i] = i
	}
	had := func(i int) int64 { return units[i].ops[0].Return }
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(had(i), had(j)) })
	ordered := make([]unit, len(units))
	for n, i := range order {
		u := units[i]
		fence := cmp.Or(leases[i].won, leases[i].hold).Fence
		u.ops[0].Input = &lockStep{n + 1, fence, true}
		u.ops[1].Input = &lockStep{n + 1, fence, false}
		u.tied = n > 0 && had(order[n-1]) == had(i)
		ordered[n] = u
	}
	return ordered
}
