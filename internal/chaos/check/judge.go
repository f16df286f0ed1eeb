package check

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// check is one promise.
type check struct {
	name, title string
	expected    bool // it is in the results even if there is nothing to see
	run         func(*run, *Result)
}

// checks are all promises that a run can show, in the order in which one reads them.
func checks(x *Expect) []check {
	all := []check{
		{"exclusion", "never two holders of a key at a time", true, exclusion},
		{"window", "no lease is trusted for longer than its TTL less the drift", true, window},
		{"told", "whoever lost a lease was told before a node could let the key go", x.Losses, told},
	}
	if x.Fenced {
		all = append(all,
			check{"fences", "every holder's fence is larger than all before it", true, fences},
			check{"storage", "the storage that looks at fences lost no update and took none from a stale holder", true, storage})
	}
	return append(all,
		check{"linearizable", "everything looks as if one client after the other had used each lock and counter", true, linearizable},
		check{"availability", "while a majority is well, the first try of a free key wins", x.Minority, availability},
		check{"outage", "while a majority is away, nobody acquires", x.Outages, outage},
		check{"recovery", fmt.Sprintf("once a majority is back, somebody acquires within %v", round(x.Recovery)), x.Recoveries, recovers},
		check{"leftovers", "no key is left on any node at the end", true, leftovers})
}

// Judge puts every promise to the history.
//
// It is a failure if any check failed; otherwise unknown if the run was not what was planned, or a check cannot tell; and
// otherwise a pass.
func Judge(h *history.History, x Expect) Verdict {
	v := Verdict{Why: shortcomings(h)}
	short := len(v.Why) > 0
	one := newRun(h, &x)
	for _, c := range checks(&x) {
		r := Result{Name: c.name, Title: c.title}
		c.run(one, &r)
		if !c.expected && r.Samples == 0 && r.Broken == 0 {
			continue
		}
		r.grade(x.least(c.name), short)
		if r.Outcome == Unknown {
			v.Why = append(v.Why, r.Name+": "+r.why)
		}
		v.Results = append(v.Results, r)
	}
	v.Outcome = outcome(v.Results, len(v.Why) > 0)
	return v
}

// outcome sums up. No results are no pass.
func outcome(results []Result, doubtful bool) Outcome {
	for _, r := range results {
		if r.Outcome == Fail {
			return Fail
		}
	}
	if doubtful || len(results) == 0 {
		return Unknown
	}
	return Pass
}

// shortcomings returns why the run was not what was planned.
func shortcomings(h *history.History) []string {
	var why []string
	if h.Interrupted {
		why = append(why, "the run was ended before its time")
	}
	why = append(why, h.Troubles...)
	for i := range h.Strikes {
		s := &h.Strikes[i]
		told := slices.ContainsFunc(h.Troubles, func(trouble string) bool { return strings.Contains(trouble, s.Error) })
		if s.Error != "" && !told {
			why = append(why, fmt.Sprintf("%s at %s: %s", s.Fault, at(s.Begin.From), s.Error))
		}
	}
	return why
}
