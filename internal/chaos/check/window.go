package check

import (
	"fmt"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// window: a lease is trusted until its round's start + TTL - drift. When the winning round began, nobody has written down;
// it was before the lease was handed out. So this finds trust that is too long by more than a round takes, as it is where
// the drift was forgotten. Of a lease that a process got and then slept over, nobody knows how long it was trusted.
func window(r *run, res *Result) {
	longest := r.h.Setup.TTL - r.h.Setup.Drift
	var most time.Duration
	for i := range r.h.Operations {
		op := &r.h.Operations[i]
		granted := op.Outcome == history.OK && (acquires(op) || op.Kind == history.Extend)
		if !granted && op.Kind != history.Hold {
			continue
		}
		res.Samples++
		trust := op.Until - op.Returned
		most = max(most, trust)
		switch {
		case granted && op.Until == 0 && !r.stalled(op, history.Span{From: op.Called, Until: op.Returned + 1}, r.h.Setup.TTL/2):
			res.bad(Problem{fmt.Sprintf("client %d got %s at %s without an end", op.Client, op.Key, at(op.Returned)),
				op.Returned, op.Key, []int{op.Client}})
		case trust > longest:
			res.bad(Problem{fmt.Sprintf("client %d trusted its lease on %s until %s, %v after it was there; want at most %v",
				op.Client, op.Key, at(op.Until), trust, longest), op.Returned, op.Key, []int{op.Client}})
		}
	}
	res.Saw = fmt.Sprintf("%s and extensions, trusted for %v at most, of %v", count(res.Samples, "lease"), round(most), round(longest))
}
