package main

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/quorumlock/quorumlock/internal/record"
)

// suite is some tests that record what they did.
type suite struct {
	name  string
	does  string // what is run, in a line of a table
	more  string // and what a reader should know of it, in a paragraph
	pkg   string
	tests []string
	flags []string // of the test binary
	env   []string
	tools []string // that it cannot do without

	counts []string          // what is told in the track record, beside the faults; nil: all figures
	never  []string          // what must have been looked for, and never found
	whole  map[string]string // of each of these figures, as much as of the other
	least  map[string]int    // figures of which there must be so many at least: others must only be there
	also   func(record.Figures) []string
}

func (s suite) pattern() string { return "^(" + strings.Join(s.tests, "|") + ")$" }

// args are the arguments of go.
func (s suite) args() []string {
	pattern := s.pattern()
	if len(s.tests) == 1 {
		pattern = "^" + s.tests[0] + "$"
	}
	return append([]string{"test", "-count=1", "-timeout=90m", "-v", s.pkg, "-run", pattern}, s.flags...)
}

// command is what a reader types.
func (s suite) command() string {
	args := slices.Clone(s.args())
	for i, arg := range args {
		if strings.ContainsAny(arg, "^$|()") {
			args[i] = "'" + arg + "'"
		}
	}
	return strings.Join(append(slices.Clone(s.env), append([]string{"go"}, args...)...), " ")
}

// judge says why the records of a suite prove nothing, or the contrary of what they should. An empty pass is a failure.
func (s suite) judge(o Outcome) error {
	if len(o.Records) == 0 {
		return errors.New("it recorded no figures")
	}
	total := o.total()
	for _, name := range s.never {
		if got, told := total[name]; !told || got != 0 {
			return fmt.Errorf("%s: got %v (told: %v), want none", words(name), got, told)
		}
	}
	for part, all := range s.whole {
		if total[part] == 0 || total[part] != total[all] {
			return fmt.Errorf("%s: got %v, want all: %v", words(part), total[part], total[all])
		}
	}
	for _, name := range s.counts {
		if least := float64(max(s.least[name], 1)); total[name] < least {
			return fmt.Errorf("nothing was proved: %s: got %v, want at least %v", words(name), total[name], least)
		}
	}
	return nil
}

// much is how much a suite did, as a line.
func (s suite) much(total record.Figures) string {
	var parts []string
	counts := s.counts
	for _, name := range sorted(total) {
		family, _ := kind(name)
		if s.counts == nil && s.whole == nil && family == "" && name != "faults" && !slices.Contains(s.never, name) {
			counts = append(counts, name)
		}
	}
	for _, name := range counts {
		parts = append(parts, number(total[name])+" "+words(name))
	}
	if n := faults(total); n > 0 {
		parts = append(parts, number(n)+" faults")
	}
	if parts == nil { // what was found says it
		return "–"
	}
	return strings.Join(parts, ", ")
}

// found is what a suite found, as a line.
func (s suite) found(total record.Figures) string {
	var parts []string
	for _, name := range s.never {
		parts = append(parts, number(total[name])+" "+words(name))
	}
	for _, part := range sorted(s.whole) {
		parts = append(parts, fmt.Sprintf("%s of %s %s", number(total[part]), number(total[s.whole[part]]), words(part)))
	}
	if s.also != nil {
		parts = append(parts, s.also(total)...)
	}
	return strings.Join(parts, ", ")
}

// faults is how many there were of all kinds.
func faults(total record.Figures) (sum float64) {
	for name, f := range total {
		if family, _ := kind(name); family == "fault" {
			sum += f
		}
	}
	return sum
}

// percent is a share, rounded down, so that only all of it is 100 %.
func percent(part, whole float64) string {
	return strconv.FormatFloat(math.Floor(10000*part/whole)/100, 'f', -1, 64) + " %"
}
