package plan

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
)

// document is a scenario as it stands in a file.
type document struct {
	Name     string   `yaml:"name"`
	About    string   `yaml:"about,omitempty"`
	Duration Length   `yaml:"duration,omitempty"`
	Cycle    Length   `yaml:"cycle,omitempty"`
	Steps    []line   `yaml:"steps,omitempty"`
	Draw     *drawing `yaml:"draw,omitempty"`
	Finally  []line   `yaml:"finally,omitempty"`
}

type drawing struct {
	Every  Length `yaml:"every"`
	Faults []line `yaml:"faults"`
}

// line is one step.
type line struct {
	At     *Length `yaml:"at,omitempty"`
	For    *Length `yaml:"for,omitempty"`
	Fault  string  `yaml:"fault"`
	Nodes  *Pick   `yaml:"nodes,omitempty"`
	Memory string  `yaml:"memory,omitempty"` // kill
	Delay  *Length `yaml:"delay,omitempty"`  // slow
	By     *Length `yaml:"by,omitempty"`     // step
	Times  float64 `yaml:"times,omitempty"`  // rate
	Weight int     `yaml:"weight,omitempty"` // in draw
}

// Parse reads a scenario. An error says on which line of the file something is wrong, and with what.
func Parse(text []byte) (*Scenario, error) {
	var doc document
	dec := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict())
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, errors.New("the scenario is empty")
		}
		return nil, errors.New(strings.TrimSpace(yaml.FormatError(err, false, true)))
	}
	return doc.scenario()
}

// scenario looks at everything that the file's form does not tell.
func (doc *document) scenario() (*Scenario, error) {
	s := &Scenario{Name: doc.Name, About: doc.About, Duration: doc.Duration.Fixed, Cycle: doc.Cycle}
	if s.Name == "" {
		s.Name = "unnamed"
	}
	var err error
	if s.Steps, err = steps("steps", doc.Steps, true); err != nil {
		return nil, err
	}
	if s.Finally, err = steps("finally", doc.Finally, false); err != nil {
		return nil, err
	}
	if doc.Draw != nil {
		s.Draw = &Draw{Every: doc.Draw.Every}
		if s.Draw.Faults, err = steps("draw: faults", doc.Draw.Faults, false); err != nil {
			return nil, err
		}
	}
	switch {
	case doc.Duration.TTLs != 0:
		return nil, errors.New("duration: want a time such as 30s")
	case len(s.Steps) == 0 && s.Draw == nil && len(s.Finally) == 0:
		return nil, errors.New("the scenario has no steps, and draws nothing")
	case s.Draw != nil && (s.Draw.Every == Length{} || len(s.Draw.Faults) == 0):
		return nil, errors.New("draw: want every (how often) and faults (which)")
	case s.Cycle.Fixed < 0 || s.Cycle.TTLs < 0 || s.Duration < 0:
		return nil, errors.New("cycle and duration: want times after the beginning")
	case s.Cycle != Length{} && len(s.Steps) == 0:
		return nil, errors.New("cycle: there are no steps to repeat")
	}
	return s, nil
}

func steps(where string, lines []line, timed bool) ([]Step, error) {
	var all []Step
	for i, l := range lines {
		s, err := l.step()
		switch {
		case err != nil:
		case l.At != nil && !timed:
			err = errors.New("at: only steps have a time of their own")
		case l.Weight != 0 && !strings.HasPrefix(where, "draw"):
			err = errors.New("weight: only for what is drawn")
		}
		if err != nil {
			return nil, fmt.Errorf("%s: number %d (%s): %w", where, i+1, l.Fault, err)
		}
		all = append(all, s)
	}
	return all, nil
}

// UnmarshalYAML reads 1500ms or 1.5ttl.
func (l *Length) UnmarshalYAML(text []byte) error {
	read, err := parseLength(unquoted(text))
	if err == nil {
		*l = read
	}
	return err
}

// MarshalYAML writes what UnmarshalYAML reads.
func (l Length) MarshalYAML() ([]byte, error) { return []byte(l.String()), nil }

func (l Length) String() string {
	if l.TTLs != 0 {
		return strconv.FormatFloat(l.TTLs, 'f', -1, 64) + "ttl"
	}
	return l.Fixed.String()
}

func parseLength(s string) (Length, error) {
	if number, ok := strings.CutSuffix(s, "ttl"); ok {
		n, err := strconv.ParseFloat(number, 64)
		if err == nil && math.Abs(n) <= 1e6 {
			return Length{TTLs: n}, nil
		}
	} else if d, err := time.ParseDuration(s); err == nil {
		return Length{Fixed: d}, nil
	}
	return Length{}, fmt.Errorf("%q is no length of time: want something like 3s, 250ms or 1.5ttl", s)
}

// UnmarshalYAML reads a number of nodes, a list of their numbers, or a word.
func (p *Pick) UnmarshalYAML(text []byte) error {
	s := unquoted(text)
	var read Pick
	switch {
	case strings.HasPrefix(s, "[") || strings.HasPrefix(s, "-"):
		if err := yaml.Unmarshal(text, &read.List); err != nil {
			return err
		}
		seen := map[int]bool{}
		for _, n := range read.List {
			if seen[n] {
				return fmt.Errorf("nodes: %d is there twice", n)
			}
			seen[n] = true
		}
		if len(read.List) == 0 {
			return errors.New("nodes: the list is empty")
		}
	case Word(s) == Minority, Word(s) == Majority, Word(s) == All, Word(s) == Next:
		read.Word = Word(s)
	default:
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 {
			return fmt.Errorf("nodes: %q: want how many, a list like [1, 3], minority, majority, all or next", s)
		}
		read.Count = n
	}
	*p = read
	return nil
}

// MarshalYAML writes what UnmarshalYAML reads.
func (p Pick) MarshalYAML() ([]byte, error) { return []byte(p.String()), nil }

func (p Pick) String() string {
	switch {
	case p.Word != "":
		return string(p.Word)
	case len(p.List) > 0:
		texts := make([]string, len(p.List))
		for i, n := range p.List {
			texts[i] = strconv.Itoa(n)
		}
		return "[" + strings.Join(texts, ", ") + "]"
	}
	return strconv.Itoa(p.Count)
}

func unquoted(text []byte) string { return strings.Trim(strings.TrimSpace(string(text)), `"'`) }
