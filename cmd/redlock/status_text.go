package main

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/quorumlock/quorumlock/internal/inspect"
)

// statusText is one look at keys, for people.
func statusText(r inspect.Report, p palette) string {
	var b strings.Builder
	for i, k := range r.Keys {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "%s  %s\n", p.bold(strconv.Quote(k.Key)), painted(k.Verdict, statusVerdict(r, k), p))
		b.WriteString(statusTable(k.Nodes))
	}
	return b.String()
}

// statusTable is what each node says.
func statusTable(nodes []inspect.Node) string {
	var b strings.Builder
	table := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	for _, n := range nodes {
		fmt.Fprintf(table, "    %s\t%s\n", n.Addr, strings.Join(statusNode(n), "\t"))
	}
	table.Flush()
	lines := strings.SplitAfter(b.String(), "\n")
	for i, line := range lines {
		if trimmed, cut := strings.CutSuffix(line, "\n"); cut {
			lines[i] = strings.TrimRight(trimmed, " ") + "\n"
		}
	}
	return strings.Join(lines, "")
}

func painted(v inspect.Verdict, text string, p palette) string {
	switch v {
	case inspect.NoQuorum, inspect.Split:
		return p.bad(text)
	}
	return p.good(text)
}

// statusVerdict says what the nodes' answers come to.
func statusVerdict(r inspect.Report, k inspect.Key) string {
	var text string
	switch k.Verdict {
	case inspect.IsHeld:
		text = fmt.Sprintf("held by %s on %d of %d nodes for another %s at least", oneLine(k.Owner), k.Granted, r.Nodes, leftText(k.Left))
		if k.Left < 0 {
			text = fmt.Sprintf("held by %s on %d of %d nodes, and never expires", oneLine(k.Owner), k.Granted, r.Nodes)
		}
		if k.Fence > 0 {
			text += fmt.Sprintf(", fence %d", k.Fence)
		}
	case inspect.IsFree:
		text = "free"
	case inspect.IsKept:
		text = "free, and kept for a moment for a process that waits"
	case inspect.Split:
		text = fmt.Sprintf("undecided: nobody holds it, and %d of %d nodes are not free", notFree(k), r.Nodes)
	case inspect.NoQuorum:
		text = fmt.Sprintf("no quorum: %d of %d nodes tell, which is not enough to say", r.Nodes-untold(k), r.Nodes)
	}
	if k.Waiting > 0 {
		text += fmt.Sprintf("; %d %s", k.Waiting, choose(k.Waiting == 1, "process waits", "processes wait"))
	}
	return text
}

func choose(yes bool, one, other string) string {
	if yes {
		return one
	}
	return other
}

func notFree(k inspect.Key) (count int) {
	for _, n := range k.Nodes {
		if n.State != inspect.Free {
			count++
		}
	}
	return count
}

func untold(k inspect.Key) (count int) {
	for _, n := range k.Nodes {
		if n.State == inspect.Unknown {
			count++
		}
	}
	return count
}

// statusNode is what one node says, in columns.
func statusNode(n inspect.Node) []string {
	var said []string
	switch n.State {
	case inspect.Unknown:
		return []string{"unknown", oneLine(n.Error)}
	case inspect.Held:
		said = []string{"held", oneLine(n.Owner), leftText(n.Left)}
	case inspect.Kept:
		said = []string{"kept", "for a process that was woken", leftText(n.Left)}
	case inspect.Other:
		said = []string{"other", n.Holds + ", so no lock", ""}
	default:
		said = []string{"free", "", ""}
	}
	var notes []string
	if n.Fence > 0 {
		notes = append(notes, fmt.Sprintf("fence %d", n.Fence))
	}
	if n.Waiting > 0 {
		notes = append(notes, fmt.Sprintf("%d waiting", n.Waiting))
	}
	if n.VotesIn > 0 {
		notes = append(notes, "votes in "+leftText(n.VotesIn))
	}
	if n.Partial != "" {
		notes = append(notes, "not all told: "+oneLine(n.Partial))
	}
	return append(said, strings.Join(notes, ", "))
}

// leftText is a time in ms; less than 0 is for ever.
func leftText(ms float64) string {
	switch {
	case ms < 0:
		return "ever"
	case ms >= 1000:
		return fmt.Sprintf("%.1fs", ms/1000)
	}
	return fmt.Sprintf("%.0fms", ms)
}

// oneLine keeps what a server says from breaking lines and terminals.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if !strconv.IsPrint(r) {
			return ' '
		}
		return r
	}, s)
}

// statusLines is one look at keys as a line for each, for logs.
func statusLines(r inspect.Report) string {
	var b strings.Builder
	for _, k := range r.Keys {
		fmt.Fprintf(&b, "%s  %s  %s\n", r.At.Format(time.RFC3339), strconv.Quote(k.Key), statusVerdict(r, k))
	}
	return b.String()
}

// statusScreen shows looks on a terminal, each in place of the one before, on a screen of its own. The last one stays.
type statusScreen struct {
	w    io.Writer
	last string
}

func newStatusScreen(w io.Writer) *statusScreen {
	_, _ = io.WriteString(w, "\x1b[?1049h")
	return &statusScreen{w: w}
}

func (s *statusScreen) draw(r inspect.Report) error {
	s.last = fmt.Sprintf("%s\n\n%s", r.At.Format(time.TimeOnly), statusText(r, paletteFor(s.w)))
	// Each line is cleared behind its end, and what was below as well, so that nothing flickers.
	_, err := io.WriteString(s.w, "\x1b[H"+strings.ReplaceAll(s.last, "\n", "\x1b[K\n")+"\x1b[J")
	return err
}

func (s *statusScreen) close() { _, _ = io.WriteString(s.w, "\x1b[?1049l"+s.last) }
