package check

import (
	"fmt"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// told: whoever lost a lease heard of it before any node could have let the key go, which is a drift after the trust ended.
// Whoever held on for longer than that, and was never told, was told too late as well.
// A process that did not run for as long as it was late could not be told; it is counted apart.
func told(r *run, res *Result) {
	drift := r.h.Setup.Drift
	stalled, least := 0, drift
	for _, key := range r.keys {
		for _, b := range r.beliefs[key] {
			op := b.op
			spare := op.Until + drift - op.Returned
			if op.Outcome != history.Fail && spare > 0 {
				continue // it gave back in time
			}
			around := history.Span{From: op.Until - drift, Until: max(op.Until, op.Returned) + 1}
			if spare <= 0 && r.stalled(op, around, -spare) {
				stalled++
				continue
			}
			if res.Samples++; res.Samples == 1 || spare < least {
				least = spare
			}
			if spare <= 0 {
				res.bad(Problem{fmt.Sprintf("client %d was told at %s that its lease on %s is lost, %v too late",
					op.Client, at(op.Returned), key, round(-spare)), op.Returned, key, []int{op.Client}})
			}
		}
	}
	res.Saw = toldWords(res.Samples, stalled, least)
}

func toldWords(samples, stalled int, least time.Duration) string {
	saw := count(samples, "lost lease")
	if samples > 0 {
		saw += fmt.Sprintf(", told %v before a node could let go, at the latest", round(least))
	}
	if stalled > 0 {
		saw += fmt.Sprintf("; %d more of processes that did not run", stalled)
	}
	return saw
}
