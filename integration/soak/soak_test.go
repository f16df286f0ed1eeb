package soak

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos"
	"github.com/quorumlock/quorumlock/internal/chaos/check"
	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/internal/chaos/plan"
	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/internal/record"
)

// lengthVariable says for how long to soak.
const lengthVariable = "QUORUMLOCK_SOAK"

// length is for how long a soak goes on: three minutes in CI, and a little for those who run all tests at their desk.
func length(t *testing.T) time.Duration {
	t.Helper()
	text := os.Getenv(lengthVariable)
	switch {
	case text == "" && os.Getenv("CI") != "":
		return 3 * time.Minute
	case text == "":
		return 30 * time.Second
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 20*time.Second {
		t.Fatalf("%s=%s: want a time of at least 20s, such as 10m or 2h", lengthVariable, text)
	}
	return d
}

// Whatever happens to five Redis containers, the lock keeps its promises.
func TestSoak(t *testing.T) {
	kind, why := cluster.Best(t.Context())
	needs(t, kind == cluster.Docker, "a Docker engine ("+why+")")
	everything, err := plan.Preset("everything")
	if err != nil {
		t.Fatal(err)
	}
	var said time.Duration
	report, err := chaos.Run(t.Context(), chaos.Config{
		Kind: kind, Nodes: 5, Scenario: everything, Seed: uint64(time.Now().UnixNano() % 1e6), Duration: length(t), Worker: newWorker,
		Dir: t.ArtifactDir(),
	}, func(e chaos.Event) {
		if e.Kind == chaos.Violation {
			t.Logf("%v: %s", e.At, e.Problem.Text)
		}
		if e.Kind == chaos.Sampled && e.At-said >= time.Minute {
			said = e.At
			t.Logf("%v: %d leases in %v", e.At.Round(time.Second), e.Sample.Cycles, e.Sample.Length.Round(time.Millisecond))
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range report.Verdict.Results {
		t.Logf("%s  %s (%s)", r.Outcome, r.Title, r.Saw)
		for _, p := range r.Problems {
			t.Logf("      %s", p.Text)
		}
	}
	if report.Verdict.Outcome != check.Pass {
		t.Fatalf("%s: %v; the same again: %s", report.Verdict.Outcome, report.Verdict.Why, report.Command)
	}
	record.Add(t, figures(report), "")
}

// figures are what the page of reliability tells of a soak.
func figures(r *chaos.Report) record.Figures {
	h := &r.History
	f := record.Figures{"minutes": h.Stopped.Minutes(), "violations": 0, "keys_left": 0, "nodes": float64(len(h.Setup.Nodes))}
	for _, t := range r.Totals {
		f["operations"] += float64(t.Count)
		if t.Kind == history.Hold {
			f["cycles"] += float64(t.Count)
		}
	}
	minority := len(h.Setup.Nodes) - h.Setup.Need
	for _, e := range r.Episodes {
		if e.Strike < 0 {
			f["tries_without_faults"], f["tries_won_without_faults"] = float64(e.Tries), float64(e.Won)
			continue
		}
		name := strings.NewReplacer(" ", "_", ",", "").Replace(e.Fault)
		f["fault_"+name]++
		f["tries_with_"+name] += float64(e.Tries)
		f["tries_won_with_"+name] += float64(e.Won)
		if len(h.Strikes[e.Strike].Nodes) <= minority {
			f["tries_with_a_majority"] += float64(e.Tries)
			f["tries_won_with_a_majority"] += float64(e.Won)
		}
	}
	return f
}
