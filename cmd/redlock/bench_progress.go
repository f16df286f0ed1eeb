package main

import (
	"fmt"
	"io"
	"os"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/quorumlock/quorumlock/internal/bench"
)

// progress shows on stderr how far a bench is: a bar on a terminal, else a line now and then.
type progress struct {
	w     io.Writer
	cfg   bench.Config
	every time.Duration // between two lines
	next  time.Duration // when the next line is due

	bars   *mpb.Progress // nil when there is no terminal
	bar    *mpb.Bar
	lately atomic.Value // of string: what stands beside the bar
}

func newProgress(w io.Writer, cfg bench.Config) *progress {
	p := &progress{w: w, cfg: cfg, every: max(time.Second, cfg.Duration/20)}
	p.next = p.every
	p.lately.Store("")
	if f, ok := w.(*os.File); ok && isatty.IsTerminal(f.Fd()) && os.Getenv("TERM") != "dumb" {
		p.bars = mpb.New(mpb.WithOutput(w), mpb.WithWidth(40))
	}
	return p
}

// event shows one.
func (p *progress) event(e bench.Event) {
	switch e.Kind {
	case bench.NodesStart:
		p.line("starting %d %s nodes", e.Count, e.Text)
	case bench.NodesAnswer:
		p.line("the nodes answer, after %s", bench.Short(e.At))
	case bench.NodesQuiet:
		p.line("the nodes may have forgotten votes, and do not vote yet: waiting for %v", e.At.Round(time.Millisecond))
	case bench.ProcessesStart:
		p.line("starting %d processes of the load", e.Count)
	case bench.WarmupBegins:
		if e.At > 0 {
			p.line("warming up for %v", e.At)
		}
	case bench.LoadBegins:
		p.begin()
	case bench.Progress:
		p.progress(e)
	case bench.FaultBegins:
		p.line("%s on %s", e.Fault, nodesOf(e.Nodes))
	case bench.FaultEnded:
		if e.Err != nil {
			p.line("%s failed: %v", e.Fault, e.Err)
			return
		}
		p.line("%s has ended", e.Fault)
	case bench.LoadEnded:
		p.end()
	case bench.Tidying:
		p.line("giving back what is still held, looking for what was left")
	}
}

// begin puts up the bar.
func (p *progress) begin() {
	if p.bars == nil {
		p.line("measuring for %v", p.cfg.Duration)
		return
	}
	p.bar = p.bars.AddBar(int64(p.cfg.Duration),
		mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Any(func(s decor.Statistics) string {
			return fmt.Sprintf("%4.0fs of %.0fs ", time.Duration(s.Current).Seconds(), p.cfg.Duration.Seconds())
		})),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return p.lately.Load().(string) })),
	)
}

func (p *progress) progress(e bench.Event) {
	text := fmt.Sprintf("%s locks/s, p50 %v, p99 %v", bench.Grouped(int64(e.Lately.PerSecond)), e.Lately.P50, e.Lately.P99)
	if p.bar != nil {
		p.lately.Store(text)
		p.bar.SetCurrent(min(int64(e.At), int64(p.cfg.Duration)-1))
		return
	}
	if e.At >= p.next && p.bars == nil {
		p.line("%v of %v: %s", e.At.Round(100*time.Millisecond), p.cfg.Duration, text)
		p.next += p.every
	}
}

// end takes the bar away.
func (p *progress) end() {
	if p.bar != nil {
		p.bar.Abort(true)
		p.bar.Wait()
		p.bar = nil
	}
}

// close returns when everything has been shown.
func (p *progress) close() {
	p.end()
	if p.bars != nil {
		p.bars.Wait()
	}
}

func (p *progress) line(format string, args ...any) {
	text := "redlock: bench: " + fmt.Sprintf(format, args...) + "\n"
	if p.bar != nil {
		_, _ = p.bars.Write([]byte(text)) // above the bar
		return
	}
	fmt.Fprint(p.w, text)
}

// nodesOf names nodes by number.
func nodesOf(numbers []int) string {
	if len(numbers) == 1 {
		return "node " + strconv.Itoa(numbers[0])
	}
	text := "nodes "
	for i, n := range numbers {
		switch {
		case i > 0 && i == len(numbers)-1:
			text += " and "
		case i > 0:
			text += ", "
		}
		text += strconv.Itoa(n)
	}
	return text
}
