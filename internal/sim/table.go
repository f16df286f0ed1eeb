package sim

import (
	"fmt"
	"strings"
	"time"
)

// Table returns the report as text; took is how long it took in real time on so many cores, 0 when nobody measured.
func (r *Report) Table(took time.Duration, cores int) string {
	var b strings.Builder
	line := func(what, format string, args ...any) {
		fmt.Fprintf(&b, "%-14s %s\n", what, folded(fmt.Sprintf(format, args...)))
	}
	line("runs", "%d, %.2f simulated hours, %d events", r.Runs, r.Simulated.Hours(), r.Events)
	if took > 0 {
		line("speed", "%.0f times real time per core, with %d at work, in %v", r.speed(took, cores), cores, took.Round(time.Millisecond))
	}
	line("kinds", "%d runs with one node, %d with three, %d with five, %d with seven; %d crowded, %d on new nodes", r.Nodes[1],
		r.Nodes[3], r.Nodes[5], r.Nodes[7], r.Crowded, r.Fresh)
	line("tries", "%d: %d acquired, %d contended, %d raises, %d cancelled", r.Attempts, r.Acquired, r.Contended, r.SecondTrips, r.Cancelled)
	line("leases", "%d renewals, %d failed ones, %d heals, %d lost, %d unlocked, %d handed on in a process", r.Renewed, r.Kept,
		r.Heals, r.Lost, r.Unlocked, r.HandOvers)
	line("memory", "%d looks, %d clock steps seen; %d nodes let vote at once, %d not any more; %d looks along with votes, %d votes in doubt",
		r.Boots, r.Steps, r.Lifts[1], r.Lifts[0], r.Reviews, r.Doubts)
	line("releases", "%d owed and repaid, %d commands asked again; of those that found nothing %d left a tombstone, %d none",
		r.Repaid, r.Repeated, r.Buried, r.Unburied)
	line("messages", "%d sent twice, %d batches overtaken by one of a newer connection, %d grants after their deadline, %d after their undo",
		r.Doubled, r.Reordered, r.Expired, r.Overtaken)
	line("storage", "%d writes taken, %d refused", r.Writes, r.Fenced)
	line("refusals", "%s", counts(r.Refusals[1:], refusalNames[1:]))
	line("lost tries", "%s", counts(r.GaveUp[1:5], ends[1:5]))
	line("released", "%s", counts(r.Settled[1:], []string{"all", "too late", "unknown"}))
	line("faults", "%s", counts(r.Faults[:], kindNames[:]))
	line("known", "%d first rounds lost in the second round trip, %d on new nodes, %d grants stored again after their release",
		r.Stuck, r.Early, r.Revived)
	line("beyond", "%d runs beyond the assumptions: %d acquired, %d moments with two holders", r.Beyond, r.AcquiredBeyond, r.Overlaps)
	line("checked", "%s", counts(r.Checked[1:], invariants[1:]))
	line("violations", "%d", len(r.Violations))
	return b.String()
}

// folded breaks a long line behind commas, so that its parts stay under one another.
func folded(text string) string {
	const width, indent = 95, "               "
	lines := []string{""}
	for part := range strings.SplitSeq(text, ", ") {
		switch last := &lines[len(lines)-1]; {
		case *last == "":
			*last = part
		case len(*last)+2+len(part) > width:
			*last += ","
			lines = append(lines, part)
		default:
			*last += ", " + part
		}
	}
	return strings.Join(lines, "\n"+indent)
}

// invariants are the names of what is looked at, by their numbers.
var invariants = [...]string{"", "I1", "I2", "I3", "I4", "I5", "I6", "I7", "I8", "I9", "I10"}

// speed is how many seconds went by in the simulated world while one did on a core.
func (r *Report) speed(took time.Duration, cores int) float64 {
	return r.Simulated.Seconds() / max(took.Seconds()*float64(cores), 1e-9)
}

func counts(numbers []int, names []string) string {
	var parts []string
	for i, n := range numbers {
		parts = append(parts, fmt.Sprintf("%s %d", names[i], n))
	}
	return strings.Join(parts, ", ")
}

// Figures returns what was counted by name, for pages and files; took and cores are those of Table.
func (r *Report) Figures(took time.Duration, cores int) map[string]float64 {
	all := map[string]float64{
		"simulated_hours": r.Simulated.Hours(), "times_real_time": r.speed(took, cores), "seconds": took.Seconds(),
	}
	put := func(prefix string, numbers []int, names []string) {
		for i, n := range numbers {
			if names[i] != "" {
				all[prefix+strings.ReplaceAll(names[i], " ", "_")] = float64(n)
			}
		}
	}
	put("", []int{r.Runs, r.Events, r.Attempts, r.Acquired, r.Contended, r.SecondTrips, r.Renewed, r.Kept, r.Heals, r.Lost,
		r.Unlocked, r.Cancelled, r.Boots, r.Steps, r.Doubled, r.Reordered, r.Expired, r.Overtaken, r.Repaid, r.Writes, r.Fenced, r.Revived, r.Stuck,
		r.Crowded, r.Fresh, r.Beyond, r.AcquiredBeyond, r.Overlaps, len(r.Violations)},
		[]string{"runs", "events", "tries", "acquisitions", "contended", "second_trips", "renewed", "kept", "heals", "lost",
			"unlocked", "cancelled", "looks", "clock_steps_seen", "sent_twice", "reordered", "expired_grants", "overtaken_grants", "repaid", "writes", "writes_refused",
			"revived", "stuck", "crowded_runs", "fresh_runs", "beyond_runs", "beyond_acquisitions", "overlaps_beyond_assumptions",
			"violations"})
	put("", []int{r.Early, r.Lifts[1], r.Lifts[0], r.Reviews, r.Doubts, r.Repeated, r.Buried, r.Unburied, r.HandOvers},
		[]string{"early", "lifted", "not_lifted", "reviews", "doubts", "repeated", "tombstones", "releases_without_tombstone", "hand_overs"})
	put("runs_of_nodes_", r.Nodes[:], []string{"", "1", "", "3", "", "5", "", "7"})
	put("fault_", r.Faults[:], kindNames[:])
	put("refusal_", r.Refusals[:], refusalNames[:])
	put("checked_", r.Checked[:], invariants[:])
	return all
}
