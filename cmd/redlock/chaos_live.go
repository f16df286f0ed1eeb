package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"golang.org/x/term"

	"github.com/quorumlock/quorumlock/internal/chaos"
	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// isTerminal reports whether somebody looks at w, who can see lines change.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && isatty.IsTerminal(f.Fd()) && os.Getenv("TERM") != "dumb"
}

// chaosLive shows a run on a terminal: a few lines that change, and above them what happens and stays.
type chaosLive struct {
	w     io.Writer
	paint palette
	cfg   chaos.Config
	drawn int // how many lines of the picture are on the screen

	nodes  []string
	began  time.Duration
	length time.Duration
	what   string
	past   []tick // the latest samples
	there  map[string]*history.Strike
	broken int    // violations
	latest string // of them
}

// staying is how many violations get a line that stays; of the others the picture tells.
const staying = 4

// tick is one column of the spark line.
type tick struct {
	p99     time.Duration // 0: no try was granted
	faults  int           // that are there
	sampled chaos.Sample
}

func newChaosLive(w io.Writer, cfg chaos.Config) *chaosLive {
	return &chaosLive{w: w, paint: paletteFor(w), cfg: cfg, there: map[string]*history.Strike{}}
}

func (c *chaosLive) event(e chaos.Event) {
	switch e.Kind {
	case chaos.Ready:
		c.nodes = e.Nodes
		c.say(e)
	case chaos.Began:
		c.began, c.length, c.what = e.At, e.Length, e.Text
	case chaos.Struck:
		c.there[strikeID(e.Strike)] = e.Strike
	case chaos.Cured:
		delete(c.there, strikeID(e.Strike))
	case chaos.Sampled:
		c.past = append(c.past, tick{p99: e.Sample.P99, faults: len(c.there), sampled: *e.Sample})
		if len(c.past) > 400 {
			c.past = slices.Delete(c.past, 0, 200)
		}
		c.draw(e.At)
	case chaos.Violation:
		c.broken, c.latest = c.broken+1, e.Problem.Text
		if c.broken <= staying {
			c.say(e)
		}
	default:
		c.say(e)
	}
}

func strikeID(s *history.Strike) string { return fmt.Sprint(s.Fault, s.Begin.From, s.Nodes) }

// say prints a line that stays, above the picture.
func (c *chaosLive) say(e chaos.Event) {
	text := chaosEventText(e)
	if text == "" {
		return
	}
	if e.Kind == chaos.Violation || e.Kind == chaos.Failed {
		text = c.paint.bad(text)
	}
	c.erase()
	fmt.Fprintf(c.w, "%s  %s\n", c.paint.faint(fmt.Sprintf("%7.2fs", e.At.Seconds())), text)
}

func (c *chaosLive) close() { c.erase() }

// erase takes the picture off the screen.
func (c *chaosLive) erase() {
	if c.drawn > 0 {
		fmt.Fprintf(c.w, "\x1b[%dA\x1b[J", c.drawn)
		c.drawn = 0
	}
}

// draw puts the picture on the screen in place of the last one.
func (c *chaosLive) draw(at time.Duration) {
	width, height := c.size()
	lines := c.picture(at, width)
	lines = lines[:min(len(lines), height-1)] // what has scrolled away cannot be drawn over
	var b strings.Builder
	if c.drawn > 0 {
		fmt.Fprintf(&b, "\x1b[%dA", c.drawn)
	}
	for _, line := range lines {
		b.WriteString(line + "\x1b[K\n")
	}
	b.WriteString("\x1b[J")
	c.drawn = len(lines)
	_, _ = io.WriteString(c.w, b.String())
}

// size is that of the terminal.
func (c *chaosLive) size() (width, height int) {
	if f, ok := c.w.(*os.File); ok {
		if width, height, err := term.GetSize(int(f.Fd())); err == nil && width > 20 && height > 3 {
			return width, height
		}
	}
	return 80, 24
}

// picture is what is shown at a moment, no wider than the screen.
func (c *chaosLive) picture(at time.Duration, width int) []string {
	last := c.past[len(c.past)-1].sampled
	left := max(0, c.began+c.length-at).Round(time.Second)
	lines := []string{c.paint.bold(cutTo(fmt.Sprintf("chaos %s, seed %d, %v left", c.what, c.cfg.Seed, left), width))}
	if c.broken > staying {
		lines = append(lines, c.paint.bad(cutTo(fmt.Sprintf("  %d VIOLATIONS, the latest: %s", c.broken, c.latest), width)))
	}
	for i, addr := range c.nodes {
		state := chaos.Up
		if i < len(last.States) {
			state = last.States[i]
		}
		text := cutTo(fmt.Sprintf("  node %-2d %-22s %s", i+1, addr, state), width)
		if state != chaos.Up {
			text = c.paint.bad(text)
		}
		lines = append(lines, text)
	}
	lines = append(lines, cutTo("  "+chaosSampleText(&last), width))
	room := max(10, width-12)
	ticks := c.past[max(0, len(c.past)-room):]
	lines = append(lines, "  p99     "+spark(ticks), "  faults  "+c.paint.bad(marks(ticks)))
	var held []string
	for _, key := range slices.Sorted(maps.Keys(last.Holders)) {
		held = append(held, path.Base(key)+": "+last.Holders[key])
	}
	if len(held) == 0 {
		held = []string{"nobody"}
	}
	return append(lines, cutTo("  held    "+strings.Join(held, "; "), width))
}

var bars = []rune("▁▂▃▄▅▆▇█")

// spark draws latencies on a logarithmic scale from 0.25 ms, doubling from bar to bar; a dot is for none.
func spark(ticks []tick) string {
	var b strings.Builder
	for _, t := range ticks {
		if t.p99 == 0 {
			b.WriteByte('.')
			continue
		}
		n := 0
		for limit := 500 * time.Microsecond; t.p99 > limit && n < len(bars)-1; limit *= 2 {
			n++
		}
		b.WriteRune(bars[n])
	}
	return b.String()
}

// marks shows when faults were there.
func marks(ticks []tick) string {
	var b strings.Builder
	for _, t := range ticks {
		b.WriteByte(" ^"[min(1, t.faults)])
	}
	return b.String()
}

func cutTo(s string, width int) string {
	r := []rune(s)
	if len(r) < width {
		return s
	}
	return string(r[:width-2]) + "…"
}
