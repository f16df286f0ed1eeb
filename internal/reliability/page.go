package main

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quorumlock/quorumlock/internal/record"
)

// promises is what was not shown, and cannot be.
//
//go:embed promises.md
var promises string

// report is docs/RELIABILITY.md. Everything in it comes from the outcomes, or is the same for all.
func report(outcomes []Outcome) string {
	p := &page{outcomes: outcomes}
	p.head()
	p.track()
	p.claims()
	p.line("%s", promises)
	p.details()
	p.machines()
	return strings.TrimRight(p.String(), "\n") + "\n"
}

// page is a report that is being written.
type page struct {
	strings.Builder
	outcomes []Outcome
}

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// of returns a suite's outcome.
func (p *page) of(name string) (Outcome, bool) {
	i := slices.IndexFunc(p.outcomes, func(o Outcome) bool { return o.Suite == name })
	if i < 0 {
		return Outcome{}, false
	}
	return p.outcomes[i], true
}

func (p *page) head() {
	p.line("# Reliability")
	p.line("")
	p.line("Written by `internal/reliability`; do not edit. `make reliability` runs all of it again, and")
	p.line("`make reliability ARGS='-only simulate'` one suite. [reliability.json](reliability.json) has every figure.")
	p.line("")
	var missing []string
	trial := false
	for _, name := range names() {
		o, ran := p.of(name)
		if !ran {
			missing = append(missing, "*"+name+"*")
		}
		trial = trial || o.Trial
	}
	if trial {
		p.line("**Sizes of `-quick` are among these: a trial, no report.**")
		p.line("")
	}
	if len(missing) > 0 {
		p.line("**Not run: %s.**", strings.Join(missing, ", "))
		p.line("")
	}
}

func (p *page) track() {
	p.line("## What was run, how much, what was found")
	p.line("")
	p.line("A suite that finds what must not be, or does too little to prove anything, fails, and then this page is not written.")
	p.line("")
	p.line("| suite | what is run | how much | found | took | on |")
	p.line("|---|---|---|---|---:|---|")
	for _, s := range suites(full) {
		o, ran := p.of(s.name)
		if !ran {
			continue
		}
		total := o.total()
		p.line("| [%s](#%s) | %s | %s | %s | %s | %s |", s.name, s.name, s.does, s.much(total), s.found(total), lasted(o.Took), o.Began.Format(time.DateOnly))
	}
	p.line("")
	p.kinds()
}

// kinds is a table of all faults, by kind.
func (p *page) kinds() {
	type row struct {
		total  float64
		suites []string
	}
	rows := map[string]row{}
	for _, o := range p.outcomes {
		total := o.total()
		for _, name := range sorted(total) {
			family, rest := kind(name)
			if family != "fault" || total[name] == 0 {
				continue
			}
			r := rows[words(rest)]
			r.total += total[name]
			r.suites = append(r.suites, fmt.Sprintf("%s %s", o.Suite, number(total[name])))
			rows[words(rest)] = r
		}
	}
	if len(rows) == 0 {
		return
	}
	p.line("Faults by kind, as the suites name them; those of the simulator are in [simulation.md](simulation.md#what-is-simulated):")
	p.line("")
	p.line("| fault | times | by suite |")
	p.line("|---|---:|---|")
	for _, what := range sorted(rows) {
		p.line("| %s | %s | %s |", what, number(rows[what].total), strings.Join(rows[what].suites, ", "))
	}
	p.line("")
}

func (p *page) claims() {
	p.line("## What looks at which invariant")
	p.line("")
	p.line("Tests in `code` are part of `make test`, which is run with the race detector.")
	p.line("")
	p.table("invariant", invariants)
	p.line("The rules of [how-it-works.md](how-it-works.md#the-rules):")
	p.line("")
	p.table("rule", rules)
}

func (p *page) table(what string, claims []claim) {
	p.line("| %s | | checked by |", what)
	p.line("|---|---|---|")
	for _, c := range claims {
		var by []string
		for _, s := range c.suites {
			by = append(by, fmt.Sprintf("[%s](#%s)", s, s))
		}
		for _, test := range c.tests {
			by = append(by, "`"+test+"`")
		}
		if by == nil {
			by = []string{"every suite, and this page's generator"}
		}
		p.line("| %s | %s | %s |", c.name, c.says, strings.Join(by, ", "))
	}
	p.line("")
}

func (p *page) details() {
	p.line("## Commands and figures")
	p.line("")
	p.line("A suite's figures are what its tests have counted; a command prints them when it is run by hand.")
	p.line("")
	for _, s := range suites(full) {
		o, ran := p.of(s.name)
		if !ran {
			continue
		}
		p.line("### %s", s.name)
		p.line("")
		p.line("%s.", sentence(s.does))
		if s.more != "" {
			p.line("%s", s.more)
		}
		p.line("")
		p.line("```sh")
		p.line("%s", o.Command)
		p.line("```")
		p.line("")
		for _, g := range groups(o.Records) {
			p.group(g)
		}
		p.line("")
	}
}

func sentence(text string) string { return strings.ToUpper(text[:1]) + text[1:] }

// group is the records of one name.
type group struct {
	test  string
	parts int
	total record.Figures
	notes []string
}

func groups(lines []record.Line) []group {
	var all []group
	for _, line := range lines {
		i := slices.IndexFunc(all, func(g group) bool { return g.test == line.Test })
		if i < 0 {
			i = len(all)
			all = append(all, group{test: line.Test, total: record.Figures{}})
		}
		all[i].parts++
		for name, f := range line.Figures {
			all[i].total[name] += f
		}
		if line.Note != "" && !slices.Contains(all[i].notes, line.Note) {
			all[i].notes = append(all[i].notes, line.Note)
		}
	}
	return all
}

func (p *page) group(g group) {
	byFamily := map[string][]string{}
	for _, name := range sorted(g.total) {
		family, rest := kind(name)
		byFamily[family] = append(byFamily[family], words(rest)+" "+number(g.total[name]))
	}
	parts := ""
	if g.parts > 1 {
		parts = fmt.Sprintf(", %d records together", g.parts)
	}
	p.line("- `%s`%s: %s", g.test, parts, strings.Join(byFamily[""], ", "))
	for _, f := range families {
		if figures := byFamily[f.prefix]; figures != nil {
			p.line("  - %s: %s", f.title, strings.Join(figures, ", "))
		}
	}
	if len(g.notes) > 0 {
		p.line("  - parts: %s", strings.Join(g.notes, "; "))
	}
}

func (p *page) machines() {
	p.line("## Machine")
	p.line("")
	var machines []string
	on := map[string][]string{}
	var took time.Duration
	for _, o := range p.outcomes {
		m := o.Machine.String()
		if on[m] == nil {
			machines = append(machines, m)
		}
		on[m] = append(on[m], o.Suite)
		took += o.Took
	}
	for _, m := range machines {
		which := "all suites"
		if len(machines) > 1 {
			which = strings.Join(on[m], ", ")
		}
		p.line("- %s: %s.", which, m)
	}
	p.line("")
	p.line("All suites together took %s.", lasted(took))
}

// lasted writes a duration to the second.
func lasted(d time.Duration) string { return max(d, time.Second).Round(time.Second).String() }
