package chaos

import (
	"fmt"
	"path"
	"strings"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/internal/report"
)

func (r *Report) checksBlock() report.Block {
	t := &report.Table{Head: []string{"", "promise", "samples", "what was seen"}, Text: 2, Tail: true}
	for _, one := range r.Verdict.Results {
		t.Rows = append(t.Rows, []string{mark(one.Outcome), one.Title, grouped(one.Samples), one.Saw})
	}
	return report.Block{Heading: "Promises", Text: "Each was judged from the history alone. A promise that nothing could have broken does not count as kept.", Table: t}
}

func (r *Report) problemsBlock() report.Block {
	t := &report.Table{Head: []string{"at", "what"}, Tail: true}
	more := 0
	for _, one := range r.Verdict.Results {
		some := one.Problems[:min(5, len(one.Problems))]
		for _, p := range some {
			t.Rows = append(t.Rows, []string{seconds(p.At), p.Text})
		}
		more += one.Broken - len(some)
	}
	if len(t.Rows) == 0 {
		return report.Block{}
	}
	b := report.Block{Heading: "How they were broken", Table: t}
	if more > 0 {
		b.Text = fmt.Sprintf("The first few of each kind. There are %s more of the same; report.json has some of these too.", grouped(more))
	}
	return b
}

func (r *Report) episodesBlock() report.Block {
	t := &report.Table{Head: []string{"fault", "nodes", "from", "felt for", "tries", "won", "p50", "p99", "leases", "recovered in"}, Text: 2}
	for _, e := range r.Episodes {
		nodes, from := "–", "–"
		if e.Strike >= 0 {
			s := &r.History.Strikes[e.Strike]
			from = seconds(s.Begin.From)
			if len(s.Nodes) > 0 {
				nodes = strings.TrimPrefix(strings.TrimPrefix(history.NodeNames(s.Nodes), "nodes "), "node ")
			} else if s.Process != nil {
				nodes = fmt.Sprintf("process %d", *s.Process+1)
			}
		}
		row := []string{e.Fault, nodes, from, seconds(e.Length), grouped(e.Tries), "–", "–", "–", grouped(e.Handed), "–"}
		if e.Tries > 0 {
			row[5] = fmt.Sprintf("%.1f %%", 100*float64(e.Won)/float64(e.Tries))
		}
		if e.Won > 0 {
			row[6], row[7] = millis(e.P50), millis(e.P99)
		}
		if e.Took != nil {
			row[9] = millis(*e.Took)
		}
		t.Rows = append(t.Rows, row)
	}
	return report.Block{Heading: "Fault by fault", Text: "Tries are of keys that nobody else wants, in one round. A fault is felt until its nodes are back, and known to be.", Table: t}
}

func (r *Report) storageBlock() report.Block {
	t := &report.Table{Head: []string{"counter", "looks at fences", "updates it took", "last value", "lost", "stale accesses it refused"}, Text: 2}
	for _, c := range r.Counters {
		looks := "no"
		if c.Fenced {
			looks = "yes"
		}
		t.Rows = append(t.Rows, []string{path.Base(c.Key), looks, grouped(c.Writes), grouped(int(c.Last)), grouped(c.Lost), grouped(c.Refused)})
	}
	return report.Block{Heading: "What the locks guarded", Text: "Clients read a counter and write it one higher, without looking whether they still hold the lock. A client that was stopped in between writes what it should not; only a storage that looks at fences can refuse it.", Table: t}
}

func (r *Report) totalsBlock() report.Block {
	t := &report.Table{Head: []string{"operation", "outcome", "reason", "count"}, Text: 3}
	for _, one := range r.Totals {
		t.Rows = append(t.Rows, []string{string(one.Kind), string(one.Outcome), string(one.Reason), grouped(one.Count)})
	}
	return report.Block{Heading: "Operations", Table: t}
}

func (r *Report) planBlock() report.Block {
	t := &report.Table{Head: []string{"after", "fault"}, Tail: true}
	for _, line := range r.Plan {
		at, what, _ := strings.Cut(strings.TrimSpace(line), "  ")
		t.Rows = append(t.Rows, []string{at, what})
	}
	if len(t.Rows) == 0 {
		return report.Block{}
	}
	b := report.Block{Heading: "Plan", Text: fmt.Sprintf("Scenario %s, seed %d.", r.Scenario, r.Seed), Table: t}
	for _, left := range r.Left {
		b.Text += " Left out: " + left + "."
	}
	return b
}
