package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// calm is what tries are counted under that no fault was near.
const calm = "no fault"

// availability: a try of a key that nobody else wants wins while no more nodes can miss than can be spared. Nodes that are
// missed at any time of the try are missed together: its one round may have met each of them when it was away.
func availability(r *run, res *Result) {
	tries, lost := map[string]int{}, map[string][]*history.Operation{}
	stalled := 0
	for i := range r.h.Operations {
		op := &r.h.Operations[i]
		if op.Kind != history.Try || op.Outcome == history.Unknown || op.Reason == history.Cancelled {
			continue
		}
		faults, missed := r.around(op)
		switch {
		case missed > r.spare():
			continue
		case r.stalled(op, r.sinceWoken(op), r.h.Setup.Timeout/2):
			stalled++
			continue
		}
		if !r.x.Minority || faults[0] != calm {
			res.Samples++
		}
		for _, fault := range faults {
			tries[fault]++
			if op.Outcome != history.OK {
				lost[fault] = append(lost[fault], op)
			}
		}
	}
	var saw []string
	for _, fault := range sorted(tries) {
		failed := lost[fault]
		saw = append(saw, fmt.Sprintf("%d of %d with %s", tries[fault]-len(failed), tries[fault], fault))
		if len(failed) > r.x.allowance(tries[fault]) {
			for _, op := range failed {
				res.bad(Problem{fmt.Sprintf("client %d's try of %s at %s failed with %s: %s", op.Client, op.Key, at(op.Called), fault, op.Error),
					op.Called, op.Key, []int{op.Client}})
			}
		}
	}
	if stalled > 0 {
		saw = append(saw, fmt.Sprintf("%d of processes that did not run", stalled))
	}
	res.Saw = "tries won: " + strings.Join(saw, ", ")
}

// allowance is how many of so many tries may fail.
func (x *Expect) allowance(tries int) int {
	return min(max(x.Exceptions, tries/1000), (tries+99)/100)
}

// sinceWoken is the time in which it matters to a try whether its process ran: also shortly before it, since one that has
// just been woken finds all its connections timed out.
func (r *run) sinceWoken(op *history.Operation) history.Span {
	return history.Span{From: op.Called - r.h.Setup.Timeout - r.x.Grace, Until: op.Returned + 1}
}

// around returns the kinds of faults that were there during a try, or calm, and how many nodes it may have missed.
func (r *run) around(op *history.Operation) (faults []string, missed int) {
	span := history.Span{From: op.Called, Until: op.Returned + 1}
	var nodes []int
	for i := range r.h.Strikes {
		s := &r.h.Strikes[i]
		reach := r.reach(s)
		hit := reach.Overlaps(span)
		if !hit && !struck(s).Overlaps(span) {
			continue
		}
		if !slices.Contains(faults, s.Fault) {
			faults = append(faults, s.Fault)
		}
		for _, n := range s.Nodes {
			if hit && !slices.Contains(nodes, n) {
				nodes = append(nodes, n)
			}
		}
	}
	if len(faults) == 0 {
		faults = []string{calm}
	}
	return faults, len(nodes)
}
