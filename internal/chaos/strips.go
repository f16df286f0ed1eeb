package chaos

import (
	"cmp"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/internal/report"
)

// look is a state of nodes as strips have it.
type look struct {
	state State
	paint report.Paint
}

var looks = []look{
	{Up, report.Faint}, {Dead, report.Dark}, {Hung, report.Purple}, {CutOff, report.Orange}, {Silent, report.Orange},
	{Lossy, report.Sand}, {Slowed, report.Sky}, {WrongTime, report.Blue}, {Quiet, report.Green},
}

func (r *Report) nodesBlock() report.Block {
	strip := &report.Strip{About: "what was done to each node over time", X: r.axis(), Bands: nil}
	kind := map[State]int{}
	used := r.used()
	for _, l := range looks {
		if used[l.state] {
			kind[l.state] = len(strip.Kinds)
			strip.Kinds = append(strip.Kinds, report.Kind{Name: string(l.state), Paint: l.paint})
		}
	}
	for n, addr := range r.History.Setup.Nodes {
		row := report.Row{Name: "node " + strconv.Itoa(n+1)}
		for _, span := range r.nodeSpans(n) {
			row.Spans = append(row.Spans, report.Span{From: span.From.Seconds(), To: span.Until.Seconds(), Kind: kind[span.state],
				Title: fmt.Sprintf("%s: %s, %s to %s", addr, span.state, seconds(span.From), seconds(span.Until))})
		}
		strip.Rows = append(strip.Rows, row)
	}
	text := "What was done to each node."
	if used[Quiet] {
		text += fmt.Sprintf(" One that may have forgotten its votes does not vote for %v.", r.Expected.Quarantine.Round(time.Millisecond))
	}
	return report.Block{Heading: "Nodes", Text: text, Strip: strip}
}

type stateSpan struct {
	history.Span
	state State
}

// nodeSpans returns what a node was over time, from the beginning to the end.
func (r *Report) nodeSpans(n int) []stateSpan {
	h := &r.History
	cuts := []time.Duration{0, h.Stopped}
	for _, s := range h.Strikes {
		if slices.Contains(s.Nodes, n) {
			cuts = append(cuts, s.Begin.From, s.End.Until, s.End.Until+r.Expected.Quarantine)
		}
	}
	slices.Sort(cuts)
	cuts = slices.DeleteFunc(slices.Compact(cuts), func(t time.Duration) bool { return t < 0 || t > h.Stopped })
	var all []stateSpan
	for i := 1; i < len(cuts); i++ {
		span := stateSpan{history.Span{From: cuts[i-1], Until: cuts[i]}, states(len(h.Setup.Nodes), h.Strikes, r.Expected.Quarantine, cuts[i-1])[n]}
		if last := len(all) - 1; last >= 0 && all[last].state == span.state {
			all[last].Until = span.Until
			continue
		}
		all = append(all, span)
	}
	return all
}

func (r *Report) used() map[State]bool {
	used := map[State]bool{}
	for n := range r.History.Setup.Nodes {
		for _, span := range r.nodeSpans(n) {
			used[span.state] = true
		}
	}
	return used
}

// paints are those of processes.
var paints = []report.Paint{report.Blue, report.Orange, report.Green, report.Purple, report.Sky, report.Sand}

func (r *Report) holdersBlock() report.Block {
	strip := &report.Strip{About: "who held which key over time", X: r.axis(), Bands: r.bands(), BandName: bandName, BadName: "two holders at a time"}
	for p := range r.History.Setup.Processes {
		strip.Kinds = append(strip.Kinds, report.Kind{Name: "process " + strconv.Itoa(p+1), Paint: paints[p%len(paints)]})
	}
	byKey := map[string][]history.Operation{}
	for _, op := range r.holds {
		byKey[op.Key] = append(byKey[op.Key], op)
	}
	for _, key := range slices.Sorted(maps.Keys(byKey)) {
		strip.Rows = append(strip.Rows, report.Row{Name: path.Base(key), Spans: holdSpans(byKey[key])})
	}
	return report.Block{Heading: "Who held what", Text: "For as long as a client believed that it held a key. A process that was stopped believes nothing after its lease was over.", Strip: strip}
}

// holdSpans returns the beliefs in one key, and again, as bad, the parts that two had in common.
func holdSpans(holds []history.Operation) []report.Span {
	slices.SortFunc(holds, func(a, b history.Operation) int { return cmp.Compare(a.Called, b.Called) })
	var all []report.Span
	var last *history.Operation // that ends last so far
	for i := range holds {
		op := &holds[i]
		from, until := op.Belief()
		title := fmt.Sprintf("process %d, client %d, fence %d, %s to %s", op.Process+1, op.Client, op.Fence, seconds(from), seconds(until))
		all = append(all, report.Span{From: from.Seconds(), To: until.Seconds(), Kind: op.Process, Title: title})
		if last != nil {
			if _, end := last.Belief(); from < end && until > from {
				all = append(all, report.Span{From: from.Seconds(), To: min(end, until).Seconds(), Kind: op.Process, Bad: true,
					Title: fmt.Sprintf("process %d, client %d, and process %d, client %d", last.Process+1, last.Client, op.Process+1, op.Client)})
			}
		}
		if last == nil {
			last = op
		} else if _, end := last.Belief(); until > end {
			last = op
		}
	}
	return all
}
