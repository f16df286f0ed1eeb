package check

import (
	"fmt"
	"time"

	"github.com/anishathalye/porcupine"
)

// linearizable: porcupine finds an order in which the clients used each lock, and each counter that looks at fences, one
// after the other.
func linearizable(r *run, res *Result) {
	parts, used := r.parts()
	res.Samples = used
	began := time.Now() // how long to look is all that a clock is asked for
	for _, p := range parts {
		left := time.Duration(0)
		if r.x.Patience > 0 {
			left = max(1, r.x.Patience-time.Since(began))
		}
		switch porcupine.CheckOperationsTimeout(p.model, p.ops(), left) {
		case porcupine.Illegal:
			res.bad(p.problem(left))
		case porcupine.Unknown:
			res.why = fmt.Sprintf("no order was found within %v, and not that there is none", r.x.Patience)
			res.Saw = fmt.Sprintf("%s, not all looked at", count(used, "lease"))
			return
		}
	}
	res.Saw = fmt.Sprintf("%s of %s, looked at in %s", count(used, "lease"), count(len(r.keys), "key"), count(len(parts), "part"))
}

// parts returns what there is to look at, each part for itself, and how many leases are in it.
func (r *run) parts() (parts []part, leases int) {
	locks := r.leases()
	lock := lockModel(r.x.Fenced)
	for _, key := range sorted(locks) {
		leases += len(locks[key])
		parts = append(parts, cut(key, lock, lock, lockUnits(locks[key]))...)
	}
	if r.x.Fenced {
		counters := r.accesses()
		for _, key := range sorted(counters) {
			parts = append(parts, cutCounter(key, counters[key])...)
		}
	}
	return parts, leases
}

// problem tells where porcupine got stuck: what came back first of all that is not in the longest order that it found.
func (p part) problem(patience time.Duration) Problem {
	ops := p.ops()
	_, info := porcupine.CheckOperationsVerbose(p.model, ops, patience)
	placed := map[any]bool{}
	for _, order := range longest(info) {
		placed[order.Input] = true
	}
	stuck := ops[0]
	found := false
	for _, op := range ops {
		if !placed[op.Input] && (!found || op.Return < stuck.Return) {
			stuck, found = op, true
		}
	}
	return Problem{
		Text: fmt.Sprintf("%s: no order explains %s by client %d, of %s to %s", p.key, p.model.DescribeOperation(stuck.Input, nil),
			stuck.ClientId, at(time.Duration(stuck.Call)), at(time.Duration(stuck.Return))),
		At: time.Duration(stuck.Return), Key: p.key, Clients: []int{stuck.ClientId},
	}
}

// longest returns the longest order that was found.
func longest(info porcupine.LinearizationInfo) []porcupine.Operation {
	var most []porcupine.Operation
	for _, of := range info.PartialLinearizationsOperations() {
		for _, order := range of {
			if len(order) > len(most) {
				most = order
			}
		}
	}
	return most
}
