package plan

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/quorumlock/quorumlock/internal/chaos/fault"
)

// Plan is what goes wrong in one run.
type Plan struct {
	Scenario string
	Duration time.Duration
	Strikes  []Strike
	// Left is what the scenario would have drawn and these nodes cannot bear, with the reason.
	Left []string
}

// Strike is one fault, on certain nodes, at a certain time.
type Strike struct {
	At, Until time.Duration // after the clients' beginning; Until is At for what is over at once
	Fault     fault.Fault
	Nodes     []int // counted from 0; empty: the process of a client that holds a lock
}

// Ground is what a plan is made for.
type Ground struct {
	Nodes      int
	TTL        time.Duration
	Quarantine time.Duration // for which a node does not vote that may have forgotten; 0 means a little more than TTL
	Duration   time.Duration // 0 means the scenario's, or as long as it takes
	Seed       uint64
	// Bears says whether a node, or with -1 a client, can bear a fault; nil: every one can.
	Bears func(node int, f fault.Fault) error
}

// defaultDuration is that of a scenario which does not say.
const defaultDuration = 30 * time.Second

// shortest is how soon the steps may begin again, and how often something may be drawn.
const shortest = 50 * time.Millisecond

// settling is how long before the end the last fault is over, so that one can see how the lock recovers.
func (g Ground) settling() time.Duration {
	return max(g.Quarantine, g.TTL+g.TTL/100) + g.TTL/4 + 1500*time.Millisecond
}

// once is how long a run must be in which the steps come once, where nodes that may have forgotten wait for long.
func (s *Scenario) once(g Ground) time.Duration {
	if g.Quarantine < 2*g.TTL {
		return 0
	}
	var last time.Duration
	for _, step := range s.Steps {
		last = max(last, (step.At.of(g.TTL) + step.For.of(g.TTL)))
	}
	return last + g.settling() + g.TTL
}

// Plan names nodes and times. The same scenario on the same ground gives the same plan.
func (s *Scenario) Plan(g Ground) (*Plan, error) {
	if g.Duration == 0 {
		g.Duration = max(cmp.Or(s.Duration, defaultDuration), s.once(g))
	}
	if g.Bears == nil {
		g.Bears = func(int, fault.Fault) error { return nil }
	}
	if g.Nodes < 1 {
		return nil, fmt.Errorf("scenario %s: %d nodes: want at least 1", s.Name, g.Nodes)
	}
	for name, l := range map[string]Length{"cycle": s.Cycle, "draw: every": s.every()} {
		if d := l.of(g.TTL); l != (Length{}) && d < shortest {
			return nil, fmt.Errorf("scenario %s: %s: %v is %v here: want at least %v", s.Name, name, l, d, shortest)
		}
	}
	p := &planner{scenario: s, ground: g, lots: newLots(g.Seed)}
	p.plan.Scenario, p.plan.Duration = s.Name, g.Duration
	if err := p.finally(); err != nil {
		return nil, fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	if err := p.steps(); err != nil {
		return nil, fmt.Errorf("scenario %s: %w", s.Name, err)
	}
	if s.Draw != nil {
		if err := p.draw(s.Draw); err != nil {
			return nil, fmt.Errorf("scenario %s: %w", s.Name, err)
		}
	}
	if len(p.plan.Strikes) == 0 {
		return nil, fmt.Errorf("scenario %s: a run of %v is too short for any of its faults, which are over %v before the end",
			s.Name, g.Duration, g.settling())
	}
	slices.SortStableFunc(p.plan.Strikes, func(a, b Strike) int { return cmp.Compare(a.At, b.At) })
	return &p.plan, nil
}

// YAML writes the plan as a scenario that gives it again, whatever the seed.
func (p *Plan) YAML() ([]byte, error) {
	doc := document{Name: p.Scenario, Duration: Length{Fixed: p.Duration}}
	for _, strike := range p.Strikes {
		s := Step{At: Length{Fixed: strike.At}, For: Length{Fixed: strike.Until - strike.At}, Fault: strike.Fault}
		for _, n := range strike.Nodes {
			s.Nodes.List = append(s.Nodes.List, n+1)
		}
		l := write(s)
		l.At = &Length{Fixed: strike.At}
		if strike.Until >= p.Duration {
			l.At = nil
			doc.Finally = append(doc.Finally, l)
			continue
		}
		doc.Steps = append(doc.Steps, l)
	}
	return yaml.MarshalWithOptions(doc, yaml.IndentSequence(true))
}
