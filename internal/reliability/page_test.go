package main

import (
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/record"
)

var update = flag.Bool("update", false, "write testdata again")

// madeUp are outcomes whose figures are easy to check by hand.
func madeUp() []Outcome {
	var all []Outcome
	for i, s := range suites(full) {
		figures := record.Figures{}
		for _, name := range s.counts {
			figures[name] = float64(max(s.least[name], 1234567))
		}
		for _, name := range s.never {
			figures[name] = 0
		}
		for part, whole := range s.whole {
			figures[part], figures[whole] = 21, 21
		}
		records := []record.Line{{Test: sentence(s.name), Figures: figures}}
		switch s.name {
		case "fences":
			figures["second_trips_without_faults"], figures["second_trips"], figures["fault_node_frozen"] = 3, 50_000, 40
			records = append(records, record.Line{Test: "Fences/more", Figures: record.Figures{"acquisitions": 10, "fault_node_frozen": 2}})
		case "simulate":
			figures["simulated_hours"], figures["times_real_time"] = 455.25, 0.5
			figures["fault_crash"], figures["fault_clock_set_back"], figures["refusal_timed_out"] = 1000, 20, 7
		case "memory":
			records = append(records, record.Line{Test: "Memory", Figures: record.Figures{"fault_node_frozen": 1}, Note: "one part"},
				record.Line{Test: "Memory", Figures: record.Figures{"fault_node_frozen": 2}, Note: "another"})
		}
		all = append(all, Outcome{
			Suite: s.name, Command: s.command(), Began: time.Date(2026, 1, 2+i, 3, 4, 5, 0, time.UTC), Took: 90 * time.Second,
			Machine: Machine{CPU: "Made-up CPU", Cores: 2, System: "Linux 6.1, amd64", Go: "go1.26.0", Redis: "7.0.15", Docker: "20.10.24"},
			Records: records,
		})
	}
	return all
}

// The page says what was run, and nothing else: read the difference before you commit it.
func TestPage(t *testing.T) {
	const file = "testdata/page.md"
	got := report(madeUp())
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the page has changed; with -update it is written again\n%s", got)
	}
}

// A page of a part says what was not run, one of a trial says so, and figures of two machines are told apart.
func TestPageOfPart(t *testing.T) {
	text := report(madeUp()[:2])
	for _, want := range []string{"**Not run: *writers*, *processes*,", "- all suites: Made-up"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	for _, word := range []string{"a trial", "NaN", "Inf", "| [fences](#fences) | 128"} {
		if strings.Contains(text, word) {
			t.Errorf("%q is in\n%s", word, text)
		}
	}
	some := madeUp()[:2]
	some[1].Trial, some[1].Machine.Cores = true, 64
	text = report(some)
	for _, want := range []string{"a trial, no report", "- mutants: Made-up CPU, 2 cores", "- models: Made-up CPU, 64 cores"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}

// Every invariant and rule is there, and is looked at by something: by suites that exist, and by tests of these names.
func TestEveryClaimIsLookedAt(t *testing.T) {
	seen, looked := "", map[string]bool{}
	for _, c := range slices.Concat(invariants, rules) {
		seen += " " + c.name
		if len(c.suites)+len(c.tests) == 0 && c.name != "I12" {
			t.Errorf("nothing looks at %s", c.name)
		}
		for _, s := range c.suites {
			looked[s] = true
			if !slices.Contains(names(), s) {
				t.Errorf("%s: there is no suite %s", c.name, s)
			}
		}
		for _, test := range c.tests {
			if !exists(t, "../../integration", test) {
				t.Errorf("%s: there is no test %s", c.name, test)
			}
		}
	}
	if want := " I1 I2 I3 I4 I5 I6 I7 I8 I9 I10 I11 I12 R1 R2 R3 R4 R5 R6 R7 R8 R9 A2"; seen != want {
		t.Errorf("got%s, want%s", seen, want)
	}
	for _, name := range names() {
		if !looked[name] {
			t.Errorf("the suite %s looks at nothing", name)
		}
	}
}

// exists looks for a test in the files of a package.
func exists(t *testing.T, dir, test string) bool {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if !strings.HasSuffix(e.Name(), "_test.go") {
			continue
		}
		text, err := os.ReadFile(dir + "/" + e.Name())
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(string(text), "\nfunc "+test+"(") {
			return true
		}
	}
	return false
}

// A figure that is whole is written in full, others with three digits that count; names are read as words, and those of
// one family together.
func TestWords(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0", 7: "7", 999: "999", 1000: "1 000", 1234567: "1 234 567", 455.25: "455", 45.525: "45.5", 0.04321: "0.0432", 1234.5: "1 235", -1000: "-1 000",
	} {
		if got := number(f); got != want {
			t.Errorf("%v: got %q, want %q", f, got, want)
		}
	}
	if got := percent(99_999, 100_001); got != "99.99 %" {
		t.Errorf("got %q, want less than all of it", got)
	}
	for name, want := range map[string][2]string{
		"fault_node_frozen": {"fault", "node_frozen"}, "reply: too late": {"reply", "too late"}, "faults": {"", "faults"}, "replies": {"", "replies"},
	} {
		if family, rest := kind(name); family != want[0] || rest != want[1] {
			t.Errorf("%s: got %q and %q, want %q", name, family, rest, want)
		}
	}
}

// The command on the page is what runs, as a shell reads it.
func TestCommandsAreForAShell(t *testing.T) {
	bare := regexp.MustCompile(`(^| )[^' ]*[$^()|]`)
	for _, s := range suites(quick) {
		if c := s.command(); bare.MatchString(c) || !strings.Contains(c, "go test -count=1") {
			t.Errorf("%s: %s", s.name, c)
		}
	}
}
