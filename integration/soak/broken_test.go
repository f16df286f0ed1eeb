package soak

import (
	_ "embed"
	"os/exec"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos"
	"github.com/quorumlock/quorumlock/internal/chaos/check"
	"github.com/quorumlock/quorumlock/internal/chaos/lock"
	"github.com/quorumlock/quorumlock/internal/chaos/plan"
	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/internal/record"
)

//go:embed broken.yaml
var brokenPlan []byte

// The checks can fail: each locker that is wrong on purpose is found out by the check that is there for it, under one plan
// that the library comes through. The same small locker with nothing wrong fails none of these checks, so that it is the
// wrong that they found.
func TestBrokenLockersAreFoundOut(t *testing.T) {
	_, noRedis := exec.LookPath("redis-server")
	needs(t, noRedis == nil, "redis-server")
	lockers := append(lock.Names(), lock.Name{Name: "simple"}, lock.Name{Name: "redlock"})
	var runs atomic.Int64
	t.Cleanup(func() {
		record.Add(t, record.Figures{"runs": float64(runs.Load()), "lockers": float64(len(lock.Names())), "found_out": float64(len(lock.Names()))}, "")
	})
	for _, l := range lockers {
		t.Run(l.Name, func(t *testing.T) {
			t.Parallel()
			// What is found by chance may be missed now and then.
			for try := 1; ; try++ {
				verdict := judge(t, l.Name, uint64(try))
				runs.Add(1)
				if fits(t, l, verdict) {
					return
				}
				if try == 15 {
					t.Errorf("%d runs: want %v; the last: %+v", try, l.Checks, verdict)
					return
				}
			}
		})
	}
}

// fits reports whether a verdict is what a locker deserves: a pass, or a failure of its own check.
func fits(t *testing.T, l lock.Name, v check.Verdict) bool {
	t.Helper()
	failed := map[string]bool{}
	for _, r := range v.Results {
		if r.Outcome == check.Fail {
			failed[r.Name] = true
		}
	}
	t.Logf("%s: %s, failed %v, %v", l.Name, v.Outcome, failed, v.Why)
	switch l.Name {
	case "redlock":
		return v.Outcome == check.Pass
	case "simple":
		return !slices.ContainsFunc(lock.Names(), func(wrong lock.Name) bool {
			return slices.ContainsFunc(wrong.Checks, func(name string) bool { return failed[name] })
		})
	}
	return v.Outcome == check.Fail && slices.ContainsFunc(l.Checks, func(name string) bool { return failed[name] })
}

func judge(t *testing.T, locker string, seed uint64) check.Verdict {
	t.Helper()
	scenario, err := plan.Parse(brokenPlan)
	if err != nil {
		t.Fatal(err)
	}
	report, err := chaos.Run(t.Context(), chaos.Config{
		Kind: cluster.Process, Nodes: 5, Scenario: scenario, Seed: seed, TTL: time.Second, Lock: locker,
		Processes: 3, Contenders: 4, Worker: newWorker,
	}, func(chaos.Event) {})
	if err != nil {
		t.Fatal(err)
	}
	return report.Verdict
}
