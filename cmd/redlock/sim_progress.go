package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"github.com/mattn/go-isatty"

	"github.com/quorumlock/quorumlock/internal/sim"
)

// simProgress shows on stderr how far many runs are: on a terminal one line that changes, else a line now and then.
type simProgress struct {
	w        io.Writer
	series   sim.Series
	terminal bool
	next     time.Time // when it is shown again
	every    time.Duration
	failed   int // violations that have been told
}

func newSimProgress(w io.Writer, series sim.Series) *simProgress {
	p := &simProgress{w: w, series: series, every: 5 * time.Second}
	if f, ok := w.(*os.File); ok && isatty.IsTerminal(f.Fd()) && os.Getenv("TERM") != "dumb" {
		p.terminal, p.every = true, 200*time.Millisecond
	} else if !series.Until.IsZero() {
		p.every = max(p.every, time.Until(series.Until)/20)
	}
	p.next = time.Now().Add(p.every)
	return p
}

// tell is told of every run, by one at a time.
func (p *simProgress) tell(r *sim.Report) {
	if p.failed == 0 && len(r.Violations) > 0 {
		v := r.Violations[0]
		p.failed = len(r.Violations)
		p.clear()
		fmt.Fprintf(p.w, "redlock: sim: seed %d: %v\n", v.Seed, v)
	}
	now := time.Now()
	if now.Before(p.next) {
		return
	}
	p.next = now.Add(p.every)
	text := fmt.Sprintf("redlock: sim: %d runs, %.1f simulated hours, %d violations", r.Runs, r.Simulated.Hours(), len(r.Violations))
	switch {
	case p.series.Count > 0:
		text += fmt.Sprintf(", %d%%", uint64(r.Runs)*100/p.series.Count)
	case !p.series.Until.IsZero():
		text += fmt.Sprintf(", %v left", max(0, p.series.Until.Sub(now)).Round(time.Second))
	}
	if p.terminal {
		fmt.Fprint(p.w, "\r\x1b[K"+text)
		return
	}
	fmt.Fprintln(p.w, text)
}

// close takes the line away.
func (p *simProgress) close() { p.clear() }

func (p *simProgress) clear() {
	if p.terminal {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
