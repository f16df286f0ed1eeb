package sim

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// Every invariant is seen to be violated by something that is broken: no checker is one that cannot fail.
func TestEveryCheckCanFail(t *testing.T) {
	for rule, by := range map[string]struct {
		mutant Mutant
		seed   uint64
	}{
		"I1": {NoQuarantine, 6}, "I2": {CounterFromZero, 1}, "I3": {NoSecondPhase, 10}, "I4": {CounterFromZero, 34},
		"I5": {ExtendCreates, 1}, "I6": {NoDrift, 14}, "I7": {SilentGrants, 1}, "I8": {StaysDown, 3}, "I9": {OldClock, 0},
		"I10": {NoDeadline, 11}, "A4": {AnyMembers, 13},
	} {
		cfg, faults := by.mutant.run(by.seed)
		cfg.Mutant = by.mutant
		found := false
		for _, v := range Run(cfg, faults, nil).Violations {
			found = found || v.Rule == rule
			if v.Means() == "" {
				t.Errorf("%s means nothing", v.Rule)
			}
		}
		if !found {
			t.Errorf("%s: seed %d of the mutant %v does not violate it", rule, by.seed, by.mutant)
		}
	}
}

// A run in which nobody gets anything fails, and so do many in which something never happens.
func TestNothingIsNotEnough(t *testing.T) {
	cfg := small()
	cfg.Nodes = 1
	r := Run(cfg, []Fault{{Kind: NodePause, For: time.Hour}}, nil)
	if !slices.ContainsFunc(r.Violations, func(v Violation) bool { return v.Rule == "I12" }) {
		t.Errorf("got %v want I12", r.Violations)
	}
	total := Series{First: 1, Count: 60, Cores: 2}.Run(t.Context())
	if err := total.Enough(); err != nil {
		t.Errorf("got %v of 60 runs", err)
	}
	for _, n := range total.needs() {
		if n.every <= 60 && n.got == 0 {
			t.Errorf("%s: nothing in 60 runs", n.what)
		}
	}
	total.Faults[LinkDouble] = 0
	if err := total.Enough(); err == nil || !strings.Contains(err.Error(), "fault: link double: 0 in 60 runs") {
		t.Errorf("got %v without messages that are sent twice", err)
	}
}

// Two holders at a time are a violation where the assumptions hold, and counted apart where they do not: there the fences
// are as good as ever.
func TestBeyondTheAssumptionsFencesHold(t *testing.T) {
	total := &Report{}
	for seed := uint64(1); total.Beyond < 60; seed++ {
		if cfg := Draw(seed); cfg.Beyond {
			total.Add(Run(cfg, Faults(cfg), nil))
		}
	}
	if total.Overlaps == 0 || total.AcquiredBeyond != total.Acquired || total.Checked[2] != total.Acquired || len(total.Violations) > 0 {
		t.Errorf("got %d moments with two holders, %d of %d acquired beyond the assumptions, %d fences looked at, and %v",
			total.Overlaps, total.AcquiredBeyond, total.Acquired, total.Checked[2], total.Violations)
	}
	within := Series{First: 1, Count: 3, Cores: 1, Mutant: HalfQuorum}.Run(t.Context())
	if within.Beyond > 0 || within.Overlaps > 0 || len(within.Violations) == 0 {
		t.Errorf("got %d runs beyond the assumptions, %d overlaps counted apart, %d violations", within.Beyond, within.Overlaps, len(within.Violations))
	}
}
