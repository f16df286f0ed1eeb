package check

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// A history in which every promise was kept passes every check.
func TestAGoodHistoryPasses(t *testing.T) {
	v := Judge(played(), wanted())
	for _, r := range v.Results {
		if r.Outcome != Pass || r.Samples == 0 || r.Saw == "" {
			t.Errorf("%s: got %s, %d samples, saw %q, problems %v", r.Name, r.Outcome, r.Samples, r.Saw, r.Problems)
		}
		t.Logf("%s (%s): %s", r.Name, r.Title, r.Saw)
	}
	if v.Outcome != Pass || len(v.Why) > 0 || len(v.Results) != 10 {
		t.Errorf("got %s, %q, %d results", v.Outcome, v.Why, len(v.Results))
	}
	if _, err := json.Marshal(v); err != nil {
		t.Error(err)
	}
}

// No results are no pass, and neither is a history of nothing.
func TestNothingIsNoPass(t *testing.T) {
	if (Verdict{}).Outcome == Pass || outcome(nil, false) == Pass {
		t.Error("got a pass of no results")
	}
	if v := Judge(&history.History{}, Expect{}); v.Outcome != Fail {
		t.Errorf("got %s of an empty history", v.Outcome)
	}
}

// A run that was not what was planned is no pass, but a promise that it broke is broken.
func TestARunThatWasNotPlayedOutIsUnknown(t *testing.T) {
	for name, spoil := range map[string]func(h *history.History){
		"the run was ended":   func(h *history.History) { h.Interrupted = true },
		"client 3 died":       func(h *history.History) { h.Troubles = []string{"client 3 died"} },
		"kill at 10.000s: no": func(h *history.History) { h.Strikes[0].Error = "no" },
		"kill: said already": func(h *history.History) {
			h.Strikes[0].Error, h.Troubles = "said already", []string{"kill: said already"}
		},
		"a was not looked at":   func(h *history.History) { h.Interrupted, h.Sights = true, h.Sights[1:] },
		"outage: nothing was o": func(h *history.History) { h.Troubles, h.Strikes = []string{"no pause"}, h.Strikes[2:] },
	} {
		h := played()
		spoil(h)
		v := Judge(h, wanted())
		if v.Outcome != Unknown || !strings.Contains(strings.Join(v.Why, "\n"), name) {
			t.Errorf("%s: got %s, %q", name, v.Outcome, v.Why)
		}
		if strings.Count(strings.Join(v.Why, "\n"), "said already") > 1 {
			t.Errorf("%s: got %q, which says it twice", name, v.Why)
		}
		op(h, history.Hold, 1).Called -= 1 * s
		if v := Judge(h, wanted()); v.Outcome != Fail {
			t.Errorf("%s, and two holders: got %s", name, v.Outcome)
		}
	}
}

// What nothing is expected of is left out where there is nothing to see, and without fences there are no checks of fences.
func TestChecksThatDoNotApplyAreAbsent(t *testing.T) {
	h := newStory("a", "b", "c")
	h.locked(0, "k", 0, 1*s, 2*s, 3*s)
	h.locked(1, "k", 0, 3*s, 4*s, 5*s)
	v := Judge(h.ended(9*s), Expect{})
	var names []string
	for _, r := range v.Results {
		names = append(names, r.Name)
	}
	if got, want := strings.Join(names, " "), "exclusion window linearizable leftovers"; got != want || v.Outcome != Pass {
		t.Errorf("got %s of %s, want a pass of %s", v.Outcome, got, want)
	}
	if v := Judge(played(), Expect{Fenced: true, Recovery: 5 * s, Exceptions: 1}); len(v.Results) != 10 || v.Outcome != Pass {
		t.Errorf("got %s of %d results, want what there is to see of all 10", v.Outcome, len(v.Results))
	}
}

// A check that has fewer samples than it was told to have fails.
func TestTooFewSamplesFail(t *testing.T) {
	x := wanted()
	x.Least = map[string]int{"exclusion": 8}
	v := Judge(played(), x)
	if r := result(v, "exclusion"); v.Outcome != Fail || r.Outcome != Fail || !strings.Contains(r.Problems[0].Text, "7 observations that could have shown it, want 8") {
		t.Errorf("got %s, %+v", v.Outcome, r)
	}
}

// All problems are counted, and not all of them kept.
func TestProblemsAreCountedAndCapped(t *testing.T) {
	h := newStory("a", "b", "c")
	for i := range 50 {
		h.locked(i, "k", uint64(i+1), 1*s, 2*s, 3*s)
	}
	if r := result(Judge(h.ended(9*s), wanted()), "exclusion"); r.Broken != 49 || len(r.Problems) != keep {
		t.Errorf("got %d problems, %d kept, want 49 and %d", r.Broken, len(r.Problems), keep)
	}
}

// An order that could not be looked for to the end is no pass, and no failure.
func TestNoTimeToLookIsUnknown(t *testing.T) {
	x := wanted()
	x.Patience, x.Outages = 1, false
	if v := Judge(long(1, 5000, 1), x); v.Outcome != Unknown || result(v, "linearizable").Outcome != Unknown {
		t.Errorf("got %s, %q", v.Outcome, v.Why)
	}
}

// op returns the nth operation of a kind on k.
func op(h *history.History, kind history.Kind, n int) *history.Operation {
	for i := range h.Operations {
		if o := &h.Operations[i]; o.Kind == kind && o.Key == "k" {
			if n == 0 {
				return o
			}
			n--
		}
	}
	panic("no such operation")
}

func result(v Verdict, name string) Result {
	for _, r := range v.Results {
		if r.Name == name {
			return r
		}
	}
	return Result{}
}
