package chaos

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/check"
	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/internal/report"
)

// writePage writes the report as an HTML page that needs nothing else.
func (r *Report) writePage(w io.Writer) error {
	page := report.Page{
		Title:    "Chaos: " + r.Scenario,
		Verdict:  r.banner(),
		Lead:     r.lead(),
		Warnings: slices.Concat(r.warnings(), r.Notes),
		Figures:  r.figures(),
		Blocks: []report.Block{
			r.checksBlock(), r.problemsBlock(), r.latencyBlock(), r.leasesBlock(), r.nodesBlock(), r.holdersBlock(),
			r.episodesBlock(), r.storageBlock(), r.totalsBlock(), r.planBlock(),
		},
		Footer: []string{
			"The same again: " + r.Command,
			r.Environment.Text() + ".",
			"Beside this page: report.json, history.ndjson (every operation), porcupine.html (the order that porcupine found), and the nodes' logs.",
		},
	}
	page.Blocks = slices.DeleteFunc(page.Blocks, func(b report.Block) bool { return b.Heading == "" })
	return page.Write(w)
}

// Text is the environment in words.
func (e Environment) Text() string {
	text := e.Nodes
	if e.Redis != "" {
		text += ", Redis " + e.Redis
	}
	return fmt.Sprintf("%s; %s, %d cores, %s/%s, %s, quorumlock %s", text, cmp.Or(e.CPU, "unknown CPU"), e.Cores, e.OS, e.Arch, e.Go, e.Version)
}

func (r *Report) banner() report.Verdict {
	v := report.Verdict{}
	failed, passed := 0, 0
	for _, one := range r.Verdict.Results {
		switch one.Outcome {
		case check.Fail:
			failed++
		case check.Pass:
			passed++
		}
	}
	switch r.Verdict.Outcome {
	case check.Pass:
		v.Outcome, v.Text = report.Passed, fmt.Sprintf("All %d promises were put to the test, and were kept.", passed)
	case check.Fail:
		v.Outcome, v.Text = report.Failed, fmt.Sprintf("%s of %d were broken.", numbered(failed, "promise"), len(r.Verdict.Results))
		if failed == 1 {
			v.Text = fmt.Sprintf("One promise of %d was broken.", len(r.Verdict.Results))
		}
	default:
		v.Outcome, v.Text = report.Open, "The run cannot tell: "+strings.Join(r.Verdict.Why, "; ")+"."
	}
	v.Word = strings.ToUpper(string(r.Verdict.Outcome))
	return v
}

func (r *Report) lead() []string {
	s := &r.History.Setup
	lead := []string{fmt.Sprintf("%d processes with %d clients took and gave back locks on %d nodes for %v, with a TTL of %v.",
		s.Processes, s.Clients, len(s.Nodes), r.History.Stopped.Round(100*time.Millisecond), s.TTL)}
	if r.About != "" {
		lead = append([]string{r.About}, lead...)
	}
	if s.Lock != "redlock" {
		lead = append(lead, "They locked with "+s.Lock+", which is wrong on purpose.")
	}
	return lead
}

func (r *Report) warnings() []string {
	var all []string
	if r.History.Interrupted {
		all = append(all, "The run was ended before its time.")
	}
	if !r.History.Setup.Fenced {
		all = append(all, "In mode plain nothing guards against nodes that lose their memory, or against holders that were stopped.")
	}
	return append(all, r.History.Troubles...)
}

func (r *Report) figures() []report.Figure {
	handed, tries, failed := 0, 0, 0
	for _, t := range r.Totals {
		switch {
		case t.Kind == history.Hold:
			handed += t.Count
		case t.Kind == history.Try:
			tries += t.Count
			if t.Outcome != history.OK {
				failed += t.Count
			}
		}
	}
	all := []report.Figure{
		{Value: grouped(handed), Name: "leases", Note: fmt.Sprintf("%.0f a second", float64(handed)/max(1e-9, r.History.Stopped.Seconds()))},
		{Value: grouped(len(r.History.Strikes)), Name: "faults"},
	}
	calm := r.Episodes[len(r.Episodes)-1]
	if calm.Tries > 0 {
		all = append(all, report.Figure{Value: millis(calm.P50), Name: "lock, calm median", Note: "p99 " + millis(calm.P99)})
	}
	lost, refused := 0, 0
	for _, c := range r.Counters {
		if !c.Fenced {
			lost += c.Lost
		} else {
			refused += c.Refused
		}
	}
	return append(all,
		report.Figure{Value: grouped(refused), Name: "stale accesses", Note: "refused by fences"},
		report.Figure{Value: grouped(lost), Name: "updates lost", Note: "where nobody looks at fences"},
		report.Figure{Value: grouped(tries - failed), Name: "free keys locked", Note: fmt.Sprintf("in %s tries", grouped(tries))})
}

// writePicture writes the charts and strips of the page as one image.
func (r *Report) writePicture(w io.Writer) error {
	p := report.Picture{
		Title:  fmt.Sprintf("redlock chaos %s: %s", r.Scenario, r.Verdict.Outcome),
		Blocks: []report.Block{r.latencyBlock(), r.leasesBlock(), r.nodesBlock(), r.holdersBlock()},
	}
	// There is no room for legends.
	p.Blocks[0].Heading = "Latency of locking a key that nobody else wants: the median, and the 99th percentile above it"
	p.Blocks[1].Heading = "Leases a second (blue), and tries of such keys that failed (orange)"
	p.Blocks[3].Heading = "Which process held which key"
	return p.Write(w)
}
