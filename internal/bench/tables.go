package bench

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/quorumlock/quorumlock/internal/report"
)

// tables are the same figures as the text that the command prints.
func tables(r *Result) []report.Block {
	blocks := []report.Block{latencyTable(r)}
	if r.Waiting != nil {
		blocks = append(blocks, waitingTable(r))
	}
	blocks = append(blocks, nodeTable(r))
	if len(r.Faults) > 0 {
		blocks = append(blocks, faultTable(r))
	}
	if block := errorTable(r); len(block.Table.Rows) > 0 {
		blocks = append(blocks, block)
	}
	return blocks
}

func latencyTable(r *Result) report.Block {
	table := &report.Table{Head: []string{"", "p50", "p90", "p99", "p99.9", "max", "mean", "count"}}
	for _, row := range r.Latencies() {
		l := row.Of
		cells := []string{row.Name}
		for _, m := range []Millis{l.P50, l.P90, l.P99, l.P999, l.Max, l.Mean} {
			cells = append(cells, m.String())
		}
		table.Rows = append(table.Rows, append(cells, Grouped(l.Count)))
	}
	return report.Block{
		Heading: "Latencies",
		Text:    "A round ends with the vote that decides it; the slowest node of the same round is not waited for.",
		Table:   table,
	}
}

// Named is a latency and what it is of.
type Named struct {
	Name string
	Of   Latency
}

// Latencies are all latencies of a result, in the order in which people read them.
func (r *Result) Latencies() []Named {
	return []Named{
		{"lock", r.Lock},
		{"unlock", r.Unlock},
		{"whole cycle", r.Cycle},
		{fmt.Sprintf("round: vote %d of %d", r.Environment.Need, r.Environment.Nodes), r.Quorum},
		{"round: slowest node", r.Slowest},
	}
}

func waitingTable(r *Result) report.Block {
	table := &report.Table{Head: []string{"", "", ""}, Tail: true}
	for _, f := range r.WaitingFigures() {
		table.Rows = append(table.Rows, []string{f.Name, f.Value, f.Note})
	}
	text := "How those who wanted the same keys came by them. A wait is from when a lock was due until it was held."
	if r.Load.Processes > 1 {
		text += fmt.Sprintf(" Of all %d processes together.", r.Load.Processes)
	}
	return report.Block{Heading: "Waiting", Text: text, Table: table}
}

func nodeTable(r *Result) report.Block {
	table := &report.Table{
		Head: []string{"node", "address", "Redis", "idle", "p50", "p99", "max", "answers", "refusals", "failures"}, Text: 3,
	}
	for i, n := range r.Nodes {
		table.Rows = append(table.Rows, []string{
			strconv.Itoa(i + 1), n.Addr, n.Redis, n.Idle.String(), n.Answer.P50.String(), n.Answer.P99.String(),
			n.Answer.Max.String(), Grouped(n.Answer.Count), Grouped(n.Refusals), Grouped(n.Failures()),
		})
	}
	return report.Block{
		Heading: "Nodes",
		Text:    "Idle: one command before the load. The others: from the start of a round until this node's answer, waiting in its lane included.",
		Table:   table,
	}
}

// Failures is how often the node gave no answer.
func (n NodeResult) Failures() (count int64) {
	for _, e := range n.Errors {
		count += e.Count
	}
	return count
}

func faultTable(r *Result) report.Block {
	table := &report.Table{Head: []string{"fault", "nodes", "from", "until", ""}, Text: 2, Tail: true}
	for _, f := range r.Faults {
		table.Rows = append(table.Rows, []string{
			f.Fault, strings.ReplaceAll(strings.Trim(fmt.Sprint(f.Nodes), "[]"), " ", ", "), Short(time.Duration(f.From)), Short(time.Duration(f.Until)), f.Error,
		})
	}
	return report.Block{Heading: "Faults", Table: table}
}

func errorTable(r *Result) report.Block {
	table := &report.Table{Head: []string{"where", "what", "times", "the first of them"}, Text: 2, Tail: true}
	for _, e := range r.Errors {
		table.Rows = append(table.Rows, []string{e.Op, e.Kind, Grouped(e.Count), e.Example})
	}
	for i, n := range r.Nodes {
		for _, e := range n.Errors {
			table.Rows = append(table.Rows, []string{fmt.Sprintf("node %d, %s", i+1, e.Op), e.Kind, Grouped(e.Count), ""})
		}
	}
	return report.Block{
		Heading: "Errors",
		Text:    "What Lock and Unlock returned, and why single nodes gave no answer: a failing minority is no error of a lock.",
		Table:   table,
	}
}

func footer(r *Result) []string {
	e := r.Environment
	machine := fmt.Sprintf("%d cores (GOMAXPROCS %d), %s/%s, %s, quorumlock %s", e.Cores, e.Procs, e.OS, e.Arch, e.Go, e.Version)
	if e.CPU != "" {
		machine = e.CPU + ", " + machine
	}
	where := "its own process"
	if r.Load.Processes > 1 {
		where = r.Who()
	}
	left := fmt.Sprintf("%d keys were left on the %d nodes that could be looked at.", r.Left.Keys, r.Left.Looked)
	return []string{
		machine + ".",
		fmt.Sprintf("The load kept %.1f cores busy in %s. %s", r.Cost.Busy, where, left),
		"redlock bench, " + r.Started.Format(time.RFC1123) + ".",
	}
}
