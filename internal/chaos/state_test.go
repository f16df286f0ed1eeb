package chaos

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/fault"
	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/internal/chaos/plan"
	"github.com/quorumlock/quorumlock/internal/cluster"
)

// struck is a strike that began and ended within a tenth of a second each; one without until is still there.
func struck(f fault.Fault, from, until time.Duration, nodes ...int) history.Strike {
	s := history.Strike{Fault: f.String(), Effects: f.Effects(), Nodes: nodes, Begin: history.Span{From: from, Until: from + 100*ms}}
	switch {
	case until == from:
		s.End = s.Begin
	case until > 0:
		s.End = history.Span{From: until - 100*ms, Until: until}
	}
	return s
}

// A node's state is that of the fault that is there, from the call that brings it to the return of the one that takes it away;
// what may have forgotten is quiet for the quarantine after that, and a fault shows before the quiet after another.
func TestStates(t *testing.T) {
	const s, quarantine = time.Second, 2 * time.Second
	strikes := []history.Strike{
		struck(fault.Kill{Memory: cluster.Forget}, 1*s, 2*s, 0),
		struck(fault.Pause{}, 3*s, 5*s, 0, 1),
		struck(fault.Flush{}, 1*s, 1*s, 2),
		struck(fault.Freeze{}, 1*s, 0),
		struck(fault.Cut{}, 6*s, 0, 1),
	}
	for _, c := range []struct {
		at   time.Duration
		want []State
	}{
		{0, []State{Up, Up, Up}},
		{1*s - 1, []State{Up, Up, Up}},
		{1 * s, []State{Dead, Up, Quiet}},
		{2*s - 1, []State{Dead, Up, Quiet}},
		{2 * s, []State{Quiet, Up, Quiet}},
		{3 * s, []State{Hung, Hung, Quiet}}, // the first is quiet besides
		{3*s + 100*ms - 1, []State{Hung, Hung, Quiet}},
		{3*s + 100*ms, []State{Hung, Hung, Up}},
		{5 * s, []State{Up, Up, Up}},
		{6 * s, []State{Up, CutOff, Up}},
		{time.Hour, []State{Up, CutOff, Up}},
	} {
		if got := states(3, strikes, quarantine, c.at); !slices.Equal(got, c.want) {
			t.Errorf("at %v: got %v, want %v", c.at, got, c.want)
		}
		slices.Reverse(strikes)
		if got := states(3, strikes, quarantine, c.at); !slices.Equal(got, c.want) {
			t.Errorf("at %v, strikes in another order: got %v, want %v", c.at, got, c.want)
		}
		slices.Reverse(strikes)
	}
}

// Every fault that a scenario can have makes a node look like something, on the screen and in the strip.
func TestEveryFaultHasAState(t *testing.T) {
	for f, want := range map[fault.Fault]State{
		fault.Kill{Memory: cluster.Keep}: Dead, fault.Kill{Memory: cluster.Forget}: Dead, fault.Pause{}: Hung, fault.Cut{}: CutOff, fault.Slow{Delay: ms}: Slowed,
		fault.LostReplies{}: Lossy, fault.BlackHole{}: Silent, fault.Flush{}: Quiet, fault.Step{By: -time.Second}: WrongTime,
		fault.Rate{Times: 2}: WrongTime, fault.Freeze{}: Up,
	} {
		if got := stateOf(f.String()); got != want {
			t.Errorf("%s: got %s, want %s", f, got, want)
		}
		if !slices.ContainsFunc(looks, func(l look) bool { return l.state == want }) {
			t.Errorf("%s has no paint", want)
		}
	}
	for _, scenario := range plan.Presets() {
		p, err := scenario.Plan(plan.Ground{Nodes: 5, TTL: time.Second, Duration: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range p.Strikes {
			if stateOf(s.Fault.String()) == Up && len(s.Nodes) > 0 {
				t.Errorf("%s: %s has no state", scenario.Name, s.Fault)
			}
		}
	}
}

// The spans of a node cover the run without a gap, and two that follow each other differ.
func TestNodeSpans(t *testing.T) {
	const s = time.Second
	r := &Report{History: history.History{Setup: history.Setup{Nodes: []string{"a", "b", "c"}}, Stopped: 10 * s}}
	r.Expected.Quarantine = 2 * s
	r.History.Strikes = []history.Strike{
		struck(fault.Kill{}, 1*s, 2*s, 0), struck(fault.Pause{}, 3*s, 5*s, 0), struck(fault.Flush{}, 7*s, 7*s, 0),
		struck(fault.Pause{}, 1*s, 2*s, 1), struck(fault.Pause{}, 2*s, 3*s, 1), struck(fault.Cut{}, 9*s, 12*s, 1), struck(fault.Cut{}, 11*s, 12*s, 2),
	}
	for n, want := range []string{
		"up 0s dead 1s not voting 2s hung 3s up 5s not voting 7s up 9.1s until 10s",
		"up 0s hung 1s up 3s cut off 9s until 10s",
		"up 0s until 10s",
	} {
		got, last := "", time.Duration(0)
		for _, span := range r.nodeSpans(n) {
			if span.From != last || span.Until <= span.From {
				t.Errorf("node %d: span %v after %v", n, span, last)
			}
			got += fmt.Sprintf("%s %v ", span.state, span.From)
			last = span.Until
		}
		if got += "until " + last.String(); got != want {
			t.Errorf("node %d:\ngot  %s\nwant %s", n, got, want)
		}
	}
	if r.History.Stopped = 0; len(r.nodeSpans(0)) > 0 {
		t.Error("a run that took no time has spans")
	}
}
