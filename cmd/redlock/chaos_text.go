package main

import (
	"encoding/json"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos"
	"github.com/quorumlock/quorumlock/internal/chaos/check"
)

// chaosScreen shows a run while it goes on.
type chaosScreen interface {
	event(chaos.Event)
	close()
}

// chaosLines shows it as plain lines: what happens to nodes, and now and then how the clients are doing.
type chaosLines struct {
	w      io.Writer
	next   time.Duration // when the clients are due again
	broken int           // violations
}

func newChaosLines(w io.Writer) *chaosLines { return &chaosLines{w: w} }

func (c *chaosLines) close() {}

func (c *chaosLines) event(e chaos.Event) {
	if e.Kind == chaos.Sampled {
		if e.At < c.next {
			return
		}
		c.next = e.At + 5*time.Second
	}
	if e.Kind == chaos.Violation {
		if c.broken++; c.broken > 20 { // the report has them all
			return
		}
	}
	if text := chaosEventText(e); text != "" {
		fmt.Fprintf(c.w, "redlock: chaos: %7.2fs  %s\n", e.At.Seconds(), text)
	}
}

// chaosEventText says what happens; "" when it is not worth a line.
func chaosEventText(e chaos.Event) string {
	switch e.Kind {
	case chaos.Starting:
		if e.Text != "" {
			return fmt.Sprintf("starting %d %s nodes", e.Count, e.Text)
		}
	case chaos.Ready:
		return fmt.Sprintf("%d nodes answer: %s", len(e.Nodes), strings.Join(e.Nodes, " "))
	case chaos.Waiting:
		return "waiting: " + e.Text
	case chaos.Began:
		return fmt.Sprintf("clients lock for %v, scenario %s, %d faults", e.Length, e.Text, e.Count)
	case chaos.Struck:
		return e.Strike.Text()
	case chaos.Cured:
		return e.Strike.Text() + ": over"
	case chaos.Skipped:
		return "left out: " + e.Text
	case chaos.Failed:
		return "trouble: " + e.Text
	case chaos.Violation:
		return "VIOLATION: " + e.Problem.Text
	case chaos.Sampled:
		return chaosSampleText(e.Sample)
	case chaos.Stopping:
		return "what is broken is healed, and clients are told to stop"
	case chaos.Judging:
		return fmt.Sprintf("judging %d operations", e.Count)
	}
	return ""
}

func chaosSampleText(s *chaos.Sample) string {
	text := fmt.Sprintf("%.0f leases/s", float64(s.Cycles)/max(1e-9, s.Length.Seconds()))
	if s.P50 > 0 {
		text += fmt.Sprintf(", free keys p50 %v, p99 %v", roundLatency(s.P50), roundLatency(s.P99))
	}
	if s.Failed > 0 {
		text += fmt.Sprintf(", %d tries failed", s.Failed)
	}
	return text
}

func roundLatency(d time.Duration) time.Duration {
	switch {
	case d > time.Second:
		return d.Round(10 * time.Millisecond)
	case d > 10*time.Millisecond:
		return d.Round(100 * time.Microsecond)
	}
	return d.Round(10 * time.Microsecond)
}

// chaosJSON shows it as objects, one a line.
type chaosJSON struct{ enc *json.Encoder }

func newChaosJSON(w io.Writer) *chaosJSON { return &chaosJSON{json.NewEncoder(w)} }

func (c *chaosJSON) event(e chaos.Event) { _ = c.enc.Encode(e) }
func (c *chaosJSON) close()              {}

// verdict is the last object.
func (c *chaosJSON) verdict(r *chaos.Report, dir string) {
	_ = c.enc.Encode(struct {
		At      time.Duration `json:"at"`
		Kind    string        `json:"event"`
		Verdict check.Verdict `json:"verdict"`
		Command string        `json:"command"`
		Dir     string        `json:"dir"`
	}{r.History.Ended, "verdict", r.Verdict, r.Command, dir})
}

// chaosText is what came of a run.
func chaosText(r *chaos.Report, dir string, paint palette) string {
	var b strings.Builder
	for _, one := range r.Verdict.Results {
		sign := map[check.Outcome]string{check.Pass: paint.good("ok  "), check.Fail: paint.bad("FAIL"), check.Unknown: "?   "}[one.Outcome]
		fmt.Fprintf(&b, "  %s  %s %s\n", sign, one.Title, paint.faint("("+one.Saw+")"))
		for _, p := range one.Problems[:min(3, len(one.Problems))] {
			fmt.Fprintf(&b, "        %s\n", paint.bad(p.Text))
		}
		if more := one.Broken - 3; more > 0 {
			fmt.Fprintf(&b, "        and %d more\n", more)
		}
	}
	for _, why := range r.Verdict.Why {
		fmt.Fprintf(&b, "  ?     %s\n", why)
	}
	for _, note := range r.Notes {
		fmt.Fprintf(&b, "  note  %s\n", note)
	}
	switch r.Verdict.Outcome {
	case check.Pass:
		fmt.Fprintf(&b, "%s  all %d promises were kept\n", paint.good(paint.bold("pass")), len(r.Verdict.Results))
	case check.Fail:
		fmt.Fprintf(&b, "%s  a promise was broken\n", paint.bad(paint.bold("FAIL")))
	default:
		fmt.Fprintf(&b, "%s  the run cannot tell\n", paint.bold("unknown"))
	}
	fmt.Fprintf(&b, "page   %s\nagain  %s\n", filepath.Join(dir, "index.html"), r.Command)
	return b.String()
}
