package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/quorumlock/quorumlock/internal/sim"
)

// told is how many lines of a story are shown up to the violation; faults are shown all.
const told = 40

// heldBefore is how many ends and beginnings of other leases are shown of them.
const heldBefore = 6

// simResult is what redlock sim prints: many runs, or one.
type simResult struct {
	Seed       uint64
	Mutant     sim.Mutant
	Figures    map[string]float64
	Violations []sim.Violation
	TooLittle  error // why many runs prove too little

	table string
	drawn *sim.Config // of one run; nil: many

	// The story of one run.
	small   sim.Config
	faults  int
	lines   []sim.Line
	skipped int // lines that were left out
}

func (r *simResult) failed() bool { return len(r.Violations) > 0 || r.TooLittle != nil }

// tell keeps the story of a run, up to the first violation of the rule.
func (r *simResult) tell(cfg sim.Config, faults []sim.Fault, rule string) {
	r.small, r.faults = cfg, len(faults)
	over := false
	sim.Run(cfg, faults, func(l sim.Line) {
		if over {
			return
		}
		r.lines = append(r.lines, l)
		over = l.Who == sim.Violated && rule != "" && strings.HasPrefix(l.Text, rule+":")
	})
}

// shorten keeps what leads to the violation: faults, what is about the owners that it names, and who held their key. If
// it names none, what is about its key.
func (r *simResult) shorten() {
	all := len(r.lines)
	if all == 0 {
		return
	}
	named := strings.FieldsFunc(r.lines[all-1].Text, punctuation)
	key := slices.IndexFunc(named, func(w string) bool { return numbered(w, 'k') })
	owners := slices.ContainsFunc(named, func(w string) bool { return numbered(w, 'o') })
	left, held := told, heldBefore
	kept := r.lines[:0:0]
	for _, l := range slices.Backward(r.lines) {
		switch {
		case l.Who == sim.Struck, l.Who == sim.Violated:
			kept = append(kept, l)
		case left == 0, key >= 0 && l.Key != "" && l.Key != named[key], owners && !mentions(l.Text, named) && (!l.Held || held == 0):
		default:
			kept = append(kept, l)
			left--
			if !mentions(l.Text, named) {
				held--
			}
		}
	}
	slices.Reverse(kept)
	r.lines, r.skipped = kept, all-len(kept)
}

func punctuation(c rune) bool { return strings.ContainsRune(" ,:", c) }

// numbered reports whether w is a letter and a number, as k0 and o10000001 are.
func numbered(w string, letter byte) bool {
	return len(w) > 1 && w[0] == letter && strings.Trim(w[1:], "0123456789") == ""
}

// mentions reports whether text is about one of the owners among words.
func mentions(text string, words []string) bool {
	return slices.ContainsFunc(words, func(w string) bool { return numbered(w, 'o') && strings.Contains(text, w) })
}

func (r *simResult) print(w io.Writer, asJSON, interrupted bool) error {
	if asJSON {
		return r.json(w)
	}
	var b strings.Builder
	p := paletteFor(w)
	if r.Mutant != sim.Intact {
		fmt.Fprintf(&b, "Broken on purpose, as the mutant %q: %s.\n\n", r.Mutant, r.Mutant.Does())
	}
	r.story(&b, p)
	if r.drawn == nil || len(r.lines) == 0 {
		b.WriteString(r.table)
		b.WriteString("\n")
	}
	r.verdict(&b, p, interrupted)
	_, err := io.WriteString(w, b.String())
	return err
}

// story prints the world of one run and what happened in it.
func (r *simResult) story(b *strings.Builder, p palette) {
	if r.drawn == nil {
		return
	}
	fmt.Fprintf(b, "Seed %d draws %s.\n\n", r.Seed, world(r.drawn))
	if len(r.lines) == 0 {
		return
	}
	if r.failed() {
		fmt.Fprintf(b, "Made smaller, as long as %s is violated: %s; %s.\n", r.Violations[0].Rule, world(&r.small), plural(r.faults, "fault"))
	}
	b.WriteString("c0, c1, ... are processes, n0, n1, ... nodes, k0, k1, ... keys; every try has an owner of its own, o...;\n" +
		"** is a fault, !! an invariant that does not hold.\n\n")
	if r.skipped > 0 {
		b.WriteString(p.faint(fmt.Sprintf("(%s left out, about other tries or from before; --story tells all)", plural(r.skipped, "line"))) + "\n")
	}
	for _, l := range r.lines {
		text := l.String()
		switch l.Who {
		case sim.Struck:
			text = p.bold(text)
		case sim.Violated:
			text = p.bad(text)
		}
		b.WriteString(text + "\n")
	}
	b.WriteString("\n")
}

// world is what a run is about, in words.
func world(c *sim.Config) string {
	text := fmt.Sprintf("%s, %s of %s, %s, a TTL of %v, at most %v for a round", plural(c.Nodes, "node"),
		plural(c.Clients, "process"), plural(c.Workers, "caller"), plural(c.Keys, "key"), c.TTL, c.Budget.Round(time.Millisecond))
	for _, trait := range []struct {
		is   bool
		text string
	}{
		{!c.Renew, "leases are not renewed"}, {c.Fresh, "the nodes are new"}, {c.Durable, "nodes that restart remember everything"},
		{c.Evicting > 0, "some nodes may drop keys"}, {c.Skewed, "the last process has other members or a longer TTL"},
		{c.Quiet, "nobody contends, and only a minority of the nodes is faulty"},
		{c.Beyond, "clocks break the assumptions, so that only fences are sure"},
	} {
		if trait.is {
			text += "; " + trait.text
		}
	}
	return text
}

func plural(n int, what string) string {
	switch {
	case n == 1:
		return "1 " + what
	case strings.HasSuffix(what, "s"):
		return fmt.Sprintf("%d %ses", n, what)
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// verdict is the last part: what is wrong, and how to see it again.
func (r *simResult) verdict(b *strings.Builder, p palette, interrupted bool) {
	again := ""
	if r.Mutant != sim.Intact {
		again = " --mutant " + dashed(r.Mutant)
	}
	failed, last := 0, uint64(0)
	for _, v := range r.Violations {
		if failed > 0 && v.Seed == last {
			continue
		}
		failed, last = failed+1, v.Seed
		if failed <= 10 && r.drawn == nil {
			fmt.Fprintf(b, "seed %d: %v\n    again, with its story: redlock sim --seed %d%s\n", v.Seed, v, v.Seed, again)
		}
	}
	if failed > 10 {
		fmt.Fprintf(b, "and %d more\n", failed-10)
	}
	runs := int(r.Figures["runs"])
	switch {
	case failed > 0 && r.drawn != nil:
		v := r.Violations[0]
		fmt.Fprintf(b, "%s  %s: %s\n      %s means: %s\n", p.bad("fail"), v.Rule, r.reason(), v.Rule, v.Means())
	case failed > 0:
		fmt.Fprintf(b, "%s  %d of %s\n", p.bad("fail"), failed, plural(runs, "run"))
	case r.TooLittle != nil:
		fmt.Fprintf(b, "%s  %v\n", p.bad("fail"), r.TooLittle)
	case !interrupted:
		fmt.Fprintf(b, "%s  %s, no invariant violated\n", p.good("pass"), plural(runs, "run"))
	}
}

// reason is the violation that the story ends with, or the run's first one.
func (r *simResult) reason() string {
	if n := len(r.lines); n > 0 && r.lines[n-1].Who == sim.Violated {
		_, text, _ := strings.Cut(r.lines[n-1].Text, ": ")
		return text
	}
	return r.Violations[0].Text
}

// json prints the result as one object.
func (r *simResult) json(w io.Writer) error {
	type violation struct {
		Seed uint64  `json:"seed"`
		At   float64 `json:"at_ms"`
		Rule string  `json:"rule"`
		Text string  `json:"text"`
	}
	out := struct {
		Verdict    string             `json:"verdict"`
		Seed       uint64             `json:"seed"`
		Mutant     string             `json:"mutant,omitempty"`
		Figures    map[string]float64 `json:"figures"`
		Violations []violation        `json:"violations"`
		TooLittle  string             `json:"too_little,omitempty"`
		Story      []string           `json:"story,omitempty"`
	}{Verdict: "pass", Seed: r.Seed, Figures: r.Figures, Violations: []violation{}}
	if r.failed() {
		out.Verdict = "fail"
	}
	if r.Mutant != sim.Intact {
		out.Mutant = r.Mutant.String()
	}
	if r.TooLittle != nil {
		out.TooLittle = r.TooLittle.Error()
	}
	for _, v := range r.Violations {
		out.Violations = append(out.Violations, violation{v.Seed, float64(v.At) / 1e6, v.Rule, v.Text})
	}
	for _, l := range r.lines {
		out.Story = append(out.Story, l.String())
	}
	return json.NewEncoder(w).Encode(out)
}
