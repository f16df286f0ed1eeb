package chaos

import (
	"slices"
	"strings"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/check"
	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// Schema is the version of the report's form. A larger one may have other fields, or other meanings.
const Schema = 1

// Report is what came of a run. Times are nanoseconds since its beginning.
type Report struct {
	Schema      int             `json:"schema"`
	Started     time.Time       `json:"started"`
	Command     string          `json:"command"` // that repeats it
	Scenario    string          `json:"scenario"`
	About       string          `json:"about,omitempty"`
	Seed        uint64          `json:"seed"`
	Duration    time.Duration   `json:"duration"` // as planned
	Plan        []string        `json:"plan"`     // a fault each
	Left        []string        `json:"left,omitempty"`
	Verdict     check.Verdict   `json:"verdict"`
	Expected    check.Expect    `json:"expected"`
	Environment Environment     `json:"environment"`
	History     history.History `json:"history"` // without the operations, which are a file of their own
	Totals      []Total         `json:"totals"`
	Counters    []check.Counter `json:"counters"`
	Episodes    []check.Episode `json:"episodes"`
	Series      []Point         `json:"series"`
	Interval    time.Duration   `json:"interval"` // of the series
	Notes       []string        `json:"notes,omitempty"`

	holds []history.Operation // for the page
}

// Total is how often something came out in one way.
type Total struct {
	Kind    history.Kind    `json:"op"`
	Outcome history.Outcome `json:"outcome"`
	Reason  history.Reason  `json:"reason,omitempty"`
	Count   int             `json:"count"`
}

// Point is one part of the run.
type Point struct {
	At     time.Duration `json:"at"` // its beginning
	Leases int           `json:"leases"`
	Tries  int           `json:"tries"`  // of keys that nobody else wanted
	Failed int           `json:"failed"` // of them
	P50    time.Duration `json:"p50"`    // of those that did not fail; 0: there were none
	P99    time.Duration `json:"p99"`
}

// report judges the history.
func (r *run) report(h *history.History) *Report {
	x := r.expect()
	rep := &Report{
		Schema: Schema, Started: r.began, Command: r.command(), Scenario: r.plan.Scenario, Seed: r.cfg.Seed, Duration: r.plan.Duration,
		Left: slices.Concat(r.plan.Left, r.skipped), Expected: x, Environment: r.environment(), History: *h,
		Verdict: check.Judge(h, x), Counters: check.Counters(h), Episodes: check.Episodes(h, x), Totals: totals(h.Operations),
	}
	if r.cfg.Scenario != nil {
		rep.About = r.cfg.Scenario.About
	}
	for _, s := range r.plan.Strikes {
		rep.Plan = append(rep.Plan, strikeText(s))
	}
	rep.Interval, rep.Series = series(h)
	for _, op := range h.Operations {
		if op.Kind == history.Hold && !op.Alone {
			rep.holds = append(rep.holds, op)
		}
	}
	return rep
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }
