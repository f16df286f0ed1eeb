package sim

import (
	"fmt"
	"strings"
	"time"

	"github.com/quorumlock/quorumlock/internal/protocol"
)

// Table returns the report as text; took is how long it took in real time on one core, 0 when nobody measured.
func (r *Report) Table(took time.Duration) string {
	var b strings.Builder
	line := func(what, format string, args ...any) {
		fmt.Fprintf(&b, "%-14s %s\n", what, fmt.Sprintf(format, args...))
	}
	line("runs", "%d (%d beyond the assumptions), %.2f simulated hours, %d events", r.Runs, r.Beyond, r.Simulated.Hours(), r.Events)
	if took > 0 {
		line("speed", "%.0f times real time on one core, in %v", r.Simulated.Seconds()/took.Seconds(), took.Round(time.Millisecond))
	}
	line("tries", "%d: %d acquired, %d contended, %d raises, %d cancelled", r.Attempts, r.Acquired, r.Contended, r.SecondTrips, r.Cancelled)
	line("leases", "%d renewals, %d failed ones, %d heals, %d lost, %d unlocked", r.Renewed, r.Kept, r.Heals, r.Lost, r.Unlocked)
	line("memory", "%d looks, %d clock steps seen, %d messages sent twice, %d releases owed and repaid", r.Boots, r.Steps, r.Doubled, r.Repaid)
	line("storage", "%d writes taken, %d refused", r.Writes, r.Fenced)
	line("refusals", "%s", counts(r.Refusals[1:], refusalNames[1:]))
	line("lost tries", "%s", counts(r.GaveUp[1:], ends[1:]))
	line("released", "%s", counts(r.Settled[1:], []string{"all", "too late", "unknown"}))
	line("faults", "%s", counts(r.Faults[:], kindNames[:]))
	line("revived", "%d grants that were sent twice, stored again after their release", r.Revived)
	line("known", "%d first rounds lost to an old idea of a node's clock, %d in the second round trip", r.Misjudged, r.Stuck)
	line("overlaps", "%d, beyond the assumptions", r.Overlaps)
	line("violations", "%d", len(r.Violations))
	return b.String()
}

func counts(numbers []int, names []string) string {
	var parts []string
	for i, n := range numbers {
		if i < len(names) {
			parts = append(parts, fmt.Sprintf("%s %d", names[i], n))
		}
	}
	return strings.Join(parts, ", ")
}

// Summary returns the report for a file of JSON.
func (r *Report) Summary(seed uint64, took time.Duration) map[string]any {
	named := func(numbers []int, names []string) map[string]int {
		all := map[string]int{}
		for i, n := range numbers {
			if names[i] != "" {
				all[names[i]] = n
			}
		}
		return all
	}
	violations := []string{}
	for _, v := range r.Violations {
		violations = append(violations, v.String())
	}
	return map[string]any{
		"seed": seed, "runs": r.Runs, "simulated_hours": r.Simulated.Hours(), "events": r.Events,
		"seconds": took.Seconds(), "times_real_time": r.Simulated.Seconds() / max(took.Seconds(), 1e-9),
		"tries": r.Attempts, "acquired": r.Acquired, "contended": r.Contended, "raises": r.SecondTrips,
		"renewals": r.Renewed, "lost": r.Lost, "overlaps_beyond_the_assumptions": r.Overlaps,
		"runs_beyond_the_assumptions": r.Beyond, "revived": r.Revived,
		"misjudged": r.Misjudged, "stuck": r.Stuck,
		"refusals": named(r.Refusals[:], refusalNames[:]), "faults": named(r.Faults[:], kindNames[:]),
		"violations": violations,
	}
}

// Enough returns what a run, or many, ought to have met and did not (I12): a run in which nothing happens proves
// nothing. The minima grow with the number of runs.
func (r *Report) Enough() error {
	type need struct {
		what       string
		got, every int // at least one in so many runs
	}
	needs := []need{{"attempts", r.Attempts, 1}, {"acquisitions", r.Acquired, 1}, {"contention", r.Contended, 1},
		{"raises", r.SecondTrips, 2}, {"renewals", r.Renewed, 2}, {"failed renewals", r.Kept, 4}, {"heals", r.Heals, 4},
		{"leases lost", r.Lost, 2}, {"cancelled", r.Cancelled, 2}, {"looks at servers", r.Boots, 1},
		{"clock steps seen", r.Steps, 10}, {"messages sent twice", r.Doubled, 4}, {"releases repaid", r.Repaid, 4},
		{"writes", r.Writes, 1}, {"writes refused", r.Fenced, 20}, {"runs beyond the assumptions", r.Beyond, 12}}
	for i, n := range r.Refusals[1:] {
		every := 20
		if refusal(i+1) == undone { // a grant must be overtaken, and still come before its deadline
			every = 2000
		}
		needs = append(needs, need{"refused: " + refusalNames[i+1], n, every})
	}
	for i, n := range r.Faults {
		needs = append(needs, need{"fault: " + kindNames[i], n, 8})
	}
	for end := protocol.Taken; end <= protocol.Cancelled; end++ {
		needs = append(needs, need{"lost: " + ends[end], r.GaveUp[end], map[bool]int{true: 2000, false: 10}[end == protocol.Late]})
	}
	for _, n := range needs {
		if r.Runs >= n.every && n.got < r.Runs/n.every {
			return fmt.Errorf("%s: %d in %d runs, want at least %d: the run proves too little", n.what, n.got, r.Runs, r.Runs/n.every)
		}
	}
	return nil
}
