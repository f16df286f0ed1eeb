package plan

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/fault"
	"github.com/quorumlock/quorumlock/internal/cluster"
)

func ground() Ground { return Ground{Nodes: 5, TTL: 2 * time.Second, Seed: 7} }

// Every preset can be planned for three, five and seven nodes and other TTLs, and says what it is about.
func TestPresetsCanBePlanned(t *testing.T) {
	for _, s := range Presets() {
		for _, n := range []int{3, 5, 7} {
			for _, ttl := range []time.Duration{time.Second, 2 * time.Second, 5 * time.Second} {
				p, err := s.Plan(Ground{Nodes: n, TTL: ttl, Seed: uint64(n), Duration: max(s.Duration, 20*ttl)})
				if err != nil {
					t.Errorf("%d nodes, TTL %v: %v", n, ttl, err)
					continue
				}
				if len(p.Strikes) == 0 || s.About == "" {
					t.Errorf("%s: %d strikes, about %q", s.Name, len(p.Strikes), s.About)
				}
			}
		}
	}
	if files, _ := presetFiles.ReadDir("presets"); len(files) != len(presetNames) {
		t.Errorf("%d files, %d names", len(files), len(presetNames))
	}
}

// No node has two faults at a time, and no fault but what is there finally reaches into the time of settling.
func TestFaultsOfANodeDoNotOverlap(t *testing.T) {
	everything, err := Preset("everything")
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]bool{}
	for seed := range uint64(200) {
		g := ground()
		g.Seed, g.Duration = seed, 2*time.Minute
		p, err := everything.Plan(g)
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range p.Strikes {
			kinds[a.Fault.String()] = true
			for _, b := range p.Strikes[i+1:] {
				common := slices.ContainsFunc(a.Nodes, func(n int) bool { return slices.Contains(b.Nodes, n) })
				if common && a.At <= b.Until && b.At <= a.Until {
					t.Errorf("seed %d: %v and %v", seed, a, b)
				}
			}
			if a.Until != p.Duration && a.Until > p.Duration-g.settling() {
				t.Errorf("seed %d: %v ends too late", seed, a)
			}
		}
	}
	if len(kinds) < 12 {
		t.Errorf("200 plans have %d kinds of faults: %v", len(kinds), kinds)
	}
}

// What was drawn costs a majority only where the scenario says so.
func TestDrawnFaultsLeaveAMajority(t *testing.T) {
	s, err := Parse([]byte("draw:\n  every: 0.3ttl\n  faults:\n    - {fault: kill, for: 2ttl, nodes: 1}\n    - {fault: pause, for: 1ttl, nodes: minority}\n"))
	if err != nil {
		t.Fatal(err)
	}
	most := 0
	for seed := range uint64(50) {
		g := ground()
		g.Seed, g.Duration = seed, time.Minute
		p, err := s.Plan(g)
		if err != nil {
			t.Fatal(err)
		}
		for at := time.Duration(0); at < p.Duration; at += 50 * time.Millisecond {
			down := 0
			for _, strike := range p.Strikes {
				if strike.At <= at && at < strike.Until {
					down += len(strike.Nodes)
				}
			}
			most = max(most, down)
		}
	}
	if most != 2 {
		t.Errorf("at most %d nodes of 5 were down at a time, want 2", most)
	}
}

// The same seed gives the same plan, and another one another.
func TestSeedDecides(t *testing.T) {
	everything, err := Preset("everything")
	if err != nil {
		t.Fatal(err)
	}
	text := func(seed uint64) string {
		g := ground()
		g.Seed = seed
		p, err := everything.Plan(g)
		if err != nil {
			t.Fatal(err)
		}
		y, err := p.YAML()
		if err != nil {
			t.Fatal(err)
		}
		return string(y)
	}
	if first, again := text(1), text(1); first != again || first == text(2) {
		t.Error("a seed must decide everything")
	}
}

// A plan that was printed is a scenario that gives the same plan, whatever the seed.
func TestPrintedPlanIsAScenario(t *testing.T) {
	for _, s := range Presets() {
		first, err := s.Plan(ground())
		if err != nil {
			t.Fatal(err)
		}
		text, err := first.YAML()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse(text)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		g := ground()
		g.Seed = 99
		second, err := again.Plan(g)
		if err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if !slices.EqualFunc(first.Strikes, second.Strikes, sameStrike) || first.Duration != second.Duration || first.Scenario != second.Scenario {
			t.Errorf("got  %v\nwant %v\nin\n%s", second, first, text)
		}
	}
}

func sameStrike(a, b Strike) bool {
	return a.At == b.At && a.Until == b.Until && a.Fault == b.Fault && slices.Equal(a.Nodes, b.Nodes)
}

// Cycles repeat the steps, Next goes round, and what does not fit before the end is left out.
func TestCycles(t *testing.T) {
	s, err := Parse([]byte("name: round\nduration: 20s\ncycle: 2ttl\nsteps:\n  - {at: 1s, for: 0.5ttl, fault: kill, memory: forget, nodes: next}\n"))
	if err != nil {
		t.Fatal(err)
	}
	p, err := s.Plan(ground())
	if err != nil {
		t.Fatal(err)
	}
	var got []int
	for i, strike := range p.Strikes {
		got = append(got, strike.Nodes...)
		if want := time.Second + time.Duration(i)*4*time.Second; strike.At != want || strike.Until != want+time.Second {
			t.Errorf("strike %d at %v until %v, want at %v for 1s", i, strike.At, strike.Until, want)
		}
		if strike.Fault != (fault.Kill{Memory: cluster.Forget}) {
			t.Errorf("got %v", strike.Fault)
		}
	}
	if !slices.Equal(got, []int{0, 1, 2, 3}) { // the fifth would be over at 18s, and 4s are for settling
		t.Errorf("got nodes %v", got)
	}
}

// What nodes cannot bear is left out of what is drawn, with the reason, and is an error in a step.
func TestFaultsThatNodesCannotBear(t *testing.T) {
	g := ground()
	g.Bears = func(_ int, f fault.Fault) error {
		if _, yes := f.(fault.Step); yes {
			return errors.New("no clock")
		}
		return nil
	}
	clocks, _ := Preset("clocks")
	if _, err := clocks.Plan(g); err == nil || !strings.Contains(err.Error(), "no clock") || !strings.Contains(err.Error(), "step") {
		t.Errorf("got %v", err)
	}
	everything, _ := Preset("everything")
	p, err := everything.Plan(g)
	if err != nil || len(p.Left) != 1 || !strings.Contains(p.Left[0], "no clock") {
		t.Errorf("got %v, left out %v", err, p.Left)
	}
}

// Bad scenarios are refused, and the error says where and why.
func TestBadScenarios(t *testing.T) {
	for text, want := range map[string]string{
		"": "empty",
		"steps:\n  - {at: 1s, for: 1s, fault: kil, nodes: 1}":                "number 1 (kil): fault: unknown: want kill, pause",
		"steps:\n  - {at: 1s, for: 1s, nodes: 1}":                            "fault: say which",
		"steps:\n  - {at: 1s, fault: kill, nodes: 1}":                        "for: say how long",
		"steps:\n  - {at: 1s, for: 1s, fault: kill}":                         "nodes: say which",
		"steps:\n  - {at: 1s, for: 1s, fault: kill, nodes: some}":            `"some": want how many`,
		"steps:\n  - {at: 1s, for: 1s, fault: kill, nodes: 0}":               `"0": want how many`,
		"steps:\n  - {at: 1s, for: 1s, fault: kill, nodes: 1, delay: 1ms}":   "delay: is for slow alone",
		"steps:\n  - {at: 1s, for: 1s, fault: slow, nodes: 1}":               "delay: say by how much",
		"steps:\n  - {at: 1s, for: 1s, fault: kill, nodes: 1, memory: some}": "memory: want keep",
		"steps:\n  - {at: -1s, for: 1s, fault: kill, nodes: 1}":              "before the beginning",
		"steps:\n  - {at: 1s, for: 1s, fault: freeze, nodes: 1}":             "what is frozen is a client",
		"steps:\n  - {at: 1s, for: 1s, fault: flush, nodes: 1}":              "over at once",
		"steps:\n  - {at: 1s, for: 1s, fault: step, nodes: 1}":               "by: say how far",
		"steps:\n  - {at: 1s, for: 1s, fault: rate, times: -1, nodes: 1}":    "times: say how many",
		"steps:\n  - {at: 1, for: 1s, fault: kill, nodes: 1}":                "is no length of time",
		"steps:\n  - {at: 1s, for: 1s, fault: kill, nodes: 1, colour: red}":  "colour",
		"name: x":                       "no steps",
		"draw: {every: 1s, faults: []}": "draw: want every",
		"cycle: 1s\ndraw: {every: 1s, faults: [{fault: flush, nodes: 1}]}":     "no steps to repeat",
		"finally:\n  - {at: 1s, for: 1s, fault: kill, nodes: 1}":               "only steps have a time",
		"steps:\n  - {at: 1s, for: 1s, fault: kill, nodes: 1, weight: 2}":      "only for what is drawn",
		"duration: 3ttl\nsteps:\n  - {at: 1s, for: 1s, fault: kill, nodes: 1}": "duration: want a time",
		"steps:\n  - {at: 1s, for: 1s, fault: kill, nodes: 1}\nsteps: []":      "steps",
	} {
		if _, err := Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", text, err, want)
		}
	}
	for text, want := range map[string]string{
		"steps:\n  - {at: 1s, for: 1s, fault: kill, nodes: [6]}":                                                    "there are nodes 1 to 5",
		"steps:\n  - {at: 1s, for: 1s, fault: kill, nodes: 6}":                                                      "of 5 nodes, 5 are free",
		"steps:\n  - {at: 1s, for: 1s, fault: kill, nodes: [1]}\n  - {at: 1500ms, for: 1s, fault: cut, nodes: [1]}": "node 1 has another fault",
		"steps:\n  - {at: 1s, for: 1h, fault: kill, nodes: [1]}":                                                    "too short",
		"cycle: 1ns\nsteps:\n  - {at: 0s, for: 1s, fault: kill, nodes: [1]}":                                        "cycle: 1ns is 1ns here: want at least 50ms",
		"cycle: 0.0000001ttl\nsteps:\n  - {at: 0s, for: 1s, fault: kill, nodes: [1]}":                               "want at least 50ms",
		"draw: {every: 1us, faults: [{fault: flush, nodes: 1}]}":                                                    "draw: every: 1µs is 1µs here: want at least 50ms",
		"cycle: 1s\nsteps:\n  - {at: 2s, for: 1s, fault: kill, nodes: [1]}":                                         "after the end of its cycle",
	} {
		s, err := Parse([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if _, err := s.Plan(ground()); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", text, err, want)
		}
	}
	if _, err := Preset("nothing"); err == nil || !strings.Contains(err.Error(), "kill-minority") {
		t.Errorf("got %v", err)
	}
}

// One or two nodes have no minority: a scenario that asks for it is refused, and one that draws leaves those faults out.
// No strike that is meant for nodes is ever planned for none, since that would be one for a client.
func TestFewNodesHaveNoMinority(t *testing.T) {
	for _, n := range []int{-1, 0, 1, 2} {
		for _, s := range Presets() {
			g := ground()
			g.Nodes, g.Duration = n, time.Minute
			p, err := s.Plan(g)
			if n < 1 || s.Name == "kill-minority" {
				if err == nil {
					t.Errorf("%s on %d nodes: got a plan, want an error", s.Name, n)
				}
				continue
			}
			if err != nil {
				continue // it says why
			}
			for _, strike := range p.Strikes {
				if _, client := strike.Fault.(fault.Freeze); len(strike.Nodes) == 0 && !client {
					t.Errorf("%s on %d nodes: %s hits no node", s.Name, n, strike.Fault)
				}
			}
		}
	}
	drawn := &Scenario{Name: "drawn", Draw: &Draw{Every: Length{TTLs: 1}, Faults: []Step{
		{Fault: fault.Pause{}, For: Length{TTLs: 1}, Nodes: Pick{Word: Minority}},
		{Fault: fault.Kill{}, For: Length{TTLs: 1}, Nodes: Pick{Word: All}},
	}}}
	p, err := drawn.Plan(Ground{Nodes: 2, TTL: time.Second, Duration: time.Minute})
	if err != nil || len(p.Left) != 1 || p.Left[0] != "pause: of 2 nodes, minority is none" {
		t.Errorf("got %+v, %v; want a plan without pauses", p, err)
	}
}
