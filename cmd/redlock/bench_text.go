package main

import (
	"fmt"
	"strings"
	"time"

	"github.com/quorumlock/quorumlock/internal/bench"
)

// benchText is a result as people read it.
func benchText(r *bench.Result, paint palette) string {
	t := &benchPrinter{paint: paint}
	t.head(r)
	t.latencies(r)
	t.waiting(r)
	t.nodes(r)
	t.faults(r)
	t.errors(r)
	t.tail(r)
	return t.String()
}

type benchPrinter struct {
	strings.Builder
	paint palette
}

func (t *benchPrinter) line(format string, args ...any) { fmt.Fprintf(t, format+"\n", args...) }

func (t *benchPrinter) head(r *bench.Result) {
	t.line("%s", r.NodesText())
	t.line("%s.", r.Load.Text())
	for _, note := range r.Notes {
		t.line("%s", t.paint.bad("! "+note))
	}
	if r.Interrupted {
		t.line("%s", t.paint.bad(fmt.Sprintf("! Interrupted: these are the figures of %s.", bench.Short(time.Duration(r.Measured)))))
	}
	rounds := ""
	if r.Completed > 0 {
		rounds = fmt.Sprintf(", %.2f rounds each", float64(r.Rounds)/float64(r.Completed))
		if r.Load.Mode == "fenced" {
			rounds += fmt.Sprintf(", %.2f %% with a second round trip for the fence", 100*float64(r.Raises)/float64(r.Completed))
		}
	}
	t.line("\n%s locks/s   %s", t.paint.bold(bench.Grouped(int64(r.PerSecond+0.5))),
		t.paint.faint(fmt.Sprintf("(%s in %s%s)", bench.Grouped(r.Completed), bench.Short(time.Duration(r.Measured)), rounds)))
}

func (t *benchPrinter) latencies(r *bench.Result) {
	t.line("\n%s", t.paint.faint(fmt.Sprintf("%-24s %9s %9s %9s %9s %9s %9s", "", "p50", "p90", "p99", "p99.9", "max", "mean")))
	for _, row := range r.Latencies() {
		l := row.Of
		t.line("%-24s %9v %9v %9v %9v %9v %9v", row.Name, l.P50, l.P90, l.P99, l.P999, l.Max, l.Mean)
	}
}

func (t *benchPrinter) waiting(r *bench.Result) {
	if r.Waiting == nil {
		return
	}
	head := "waiting"
	if r.Load.Processes > 1 {
		head = fmt.Sprintf("waiting, of all %d processes", r.Load.Processes)
	}
	t.line("\n%s", t.paint.faint(head))
	for _, f := range r.WaitingFigures() {
		t.line("%s", strings.TrimRight(fmt.Sprintf("%-24s %9s  %s", f.Name, f.Value, f.Note), " "))
	}
}

func (t *benchPrinter) nodes(r *bench.Result) {
	t.line("\n%s", t.paint.faint(fmt.Sprintf("%-24s %9s %9s %9s %9s %9s %9s %9s", "node", "idle", "p50", "p99", "max", "answers", "refusals", "failures")))
	for i, n := range r.Nodes {
		t.line("%-24s %9v %9v %9v %9v %9s %9s %9s", fmt.Sprintf("%d  %s", i+1, n.Addr), n.Idle, n.Answer.P50, n.Answer.P99,
			n.Answer.Max, bench.Grouped(n.Answer.Count), bench.Grouped(n.Refusals), bench.Grouped(n.Failures()))
	}
}

func (t *benchPrinter) faults(r *bench.Result) {
	if len(r.Faults) == 0 {
		return
	}
	t.line("\n%s", t.paint.faint(fmt.Sprintf("%-24s %9s %9s", "fault", "from", "until")))
	for _, f := range r.Faults {
		t.line("%-24s %9s %9s  %s", f.Fault, bench.Short(time.Duration(f.From)), bench.Short(time.Duration(f.Until)), nodesOf(f.Nodes))
		if f.Error != "" {
			t.line("    %s", t.paint.bad(f.Error))
		}
	}
}

// errors prints what Lock and Unlock returned, then why nodes gave no answer.
func (t *benchPrinter) errors(r *bench.Result) {
	if len(r.Errors) > 0 {
		t.line("\n%s", t.paint.faint("errors of Lock and Unlock, and the first of each kind"))
	}
	for _, e := range r.Errors {
		t.line("%9s  %s: %s\n           %s", bench.Grouped(e.Count), e.Op, t.paint.bad(e.Kind), e.Example)
	}
	first := true
	for i, n := range r.Nodes {
		for _, e := range n.Errors {
			if first {
				t.line("\n%s", t.paint.faint("why nodes did not answer"))
			}
			first = false
			t.line("%9s  node %d, %s: %s", bench.Grouped(e.Count), i+1, e.Op, e.Kind)
		}
	}
}

func (t *benchPrinter) tail(r *bench.Result) {
	who, it := r.Who(), "it"
	if r.Load.Processes > 1 {
		it = "they"
	}
	t.line("\nA lock and its unlock cost %s %.0f allocations, %s and %s of CPU; %s kept %.1f of %d cores busy.",
		who, r.Cost.Allocs, bench.Bytes(r.Cost.Bytes), bench.Short(time.Duration(r.Cost.CPU)), it, r.Cost.Busy, r.Environment.Cores)
	t.line("%s held %s after a tenth of the run, %s at its end, and at most %s.", strings.ToUpper(it[:1])+it[1:], bench.Bytes(float64(r.Memory.Early)),
		bench.Bytes(float64(r.Memory.Late)), bench.Bytes(float64(r.Memory.Most)))
	t.line("%s", t.left(r.Left))
	e := r.Environment
	cpu := ""
	if e.CPU != "" {
		cpu = e.CPU + ", "
	}
	t.line("%s", t.paint.faint(fmt.Sprintf("%s%d cores (GOMAXPROCS %d), %s/%s, %s, quorumlock %s", cpu, e.Cores, e.Procs, e.OS, e.Arch, e.Go, e.Version)))
}

func (t *benchPrinter) left(l bench.Leftovers) string {
	text := fmt.Sprintf("No key was left on the %d nodes", l.Looked)
	if l.Keys > 0 {
		text = t.paint.bad(fmt.Sprintf("%d keys were left on the %d nodes, and have been removed", l.Keys, l.Looked))
	}
	if l.Counters > 0 {
		text += fmt.Sprintf("; %d fence counters have been removed", l.Counters)
	}
	for _, why := range l.Unlooked {
		text += "\n" + t.paint.bad("not looked at: "+why)
	}
	return text + "."
}
