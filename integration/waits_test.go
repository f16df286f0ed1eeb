package integration

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/internal/record"
)

// Whoever waits for a key gets it: while six lockers, four of them in processes of their own, take four keys from each
// other, a third of the waiters give up at random moments, nodes are killed and hang, and processes are killed while they
// hold, wait, or have just been woken. No two holds overlap, fences rise, somebody gets each key within a bound as long as
// anybody waits, and in the end nothing is left. Before the faults comes a stage without any, after which not even a line of
// waiters is left.
func TestNoWakeUpIsLost(t *testing.T) {
	enough := asked(t, handOversVariable, 10_000)
	total := record.Figures{}
	for _, c := range []struct {
		kind  cluster.Kind
		share int64 // of a hundred
	}{{cluster.Process, 90}, {cluster.Docker, 10}} {
		t.Run(string(c.kind), func(t *testing.T) {
			needDocker(t) // redis-server is where an engine is
			n := start(t, cluster.Spec{Kind: c.kind, Nodes: 5, Persist: cluster.PersistEverySec})
			calm := openStage(t, n)
			calm.wait(t, func() bool { return calm.got() >= enough*c.share/500 })
			calm.close(t)
			calm.judge(t, total, "_without_faults")

			rough := openStage(t, n)
			rough.wait(t, func() bool { return rough.got() > 0 })
			for rough.got() < enough*c.share*4/500 || !rough.eachFault() {
				rough.fault(t)
			}
			rough.close(t)
			rough.judge(t, total, "")
		})
	}
	record.Add(t, total, "")
}

// judge looks at what a stage has done and left, and adds it up. what is the end of names that only this stage has.
func (s *stage) judge(t *testing.T, total record.Figures, what string) {
	t.Helper()
	var all []try
	cancelled := int64(0)
	for _, r := range s.diaries {
		all = append(all, r.tries...)
		cancelled += r.left
	}
	v := judge(t, all, circumstances{faults: s.times, alone: s.alone})
	locks, lines := s.left(t)
	if locks > 0 {
		t.Errorf("%d locks are left on the nodes", locks)
	}
	if lines > 0 && what != "" {
		t.Errorf("%d lines are left on the nodes without a fault", lines)
	}
	for name, count := range s.counts {
		total["fault_"+name] += float64(count)
	}
	for name, count := range map[string]int64{
		"hand_overs": v.handOvers, "hand_overs_between_processes": v.between, "cancelled": cancelled, "lost_when_lock_returned": v.late,
		"second_holders": v.secondHolders, "fences_out_of_order": v.outOfOrder, "lost_wake_ups": v.lost, "stalls_that_no_fault_explains": v.stalls,
		"hand_overs_near_no_fault": v.calm, "hand_overs_near_no_fault_that_were_waited_out": v.slow,
		"keys_left": locks, "lines_left" + what: lines, "goroutines_left": 0, "connections_left": 0, // nothingRuns has looked
	} {
		total[name] += float64(count)
	}
	for name, d := range map[string]time.Duration{"largest_gap_in_seconds": v.largest, "largest_gap_that_no_fault_explains_in_seconds": v.largestCalm} {
		total[name] = max(total[name], d.Seconds())
	}
	t.Logf("%d hand-overs, %d of them between processes, and %d cancelled, through %v, %.0f a second; largest gap %v, and %v where no fault explains it, with %d stalls, and %d of %d waited out; %d leases were lost when Lock returned; %d lines are left",
		v.handOvers, v.between, cancelled, s.counts, float64(v.handOvers)/s.took.Seconds(), v.largest, v.largestCalm, v.stalls, v.slow, v.calm, v.late, lines)
	if v.slow > v.calm/100+3 {
		t.Errorf("%d of %d hand-overs near no fault took more than %v: wake-ups are lost, and waited out", v.slow, v.calm, waitsSlow)
	}
	if v.between == 0 || cancelled == 0 {
		t.Errorf("nothing was proved: %d hand-overs between processes, %d cancelled", v.between, cancelled)
	}
}

// left counts what is on the nodes: locks, and lines of waiters.
func (s *stage) left(t *testing.T) (locks, lines int64) {
	t.Helper()
	for _, index := range s.n.all() {
		there, err := locksOn(bounded(t, 10*time.Second), s.n.direct[index])
		if err != nil {
			t.Errorf("node %d: %v", index, err)
		}
		for _, key := range there {
			t.Logf("node %d: %s is %q, for another %v ms", index, key, s.n.ask(t, index, "GET", key), s.n.ask(t, index, "PTTL", key))
		}
		locks += int64(len(there))
		lines += int64(len(s.n.ask(t, index, "KEYS", library+"line:*").([]any)))
	}
	return locks, lines
}

// nothingRuns looks whether lockers that have been closed have left goroutines or connections.
func (s *stage) nothingRuns(t *testing.T) {
	t.Helper()
	const nodes = "github.com/quorumlock/quorumlock/internal/cluster.(*processNode).start.func1" // one since each restart
	if err := goleak.Find(s.before, goleak.IgnoreAnyFunction(nodes), goleak.IgnoreAnyFunction("net/http.(*persistConn).readLoop"), goleak.IgnoreAnyFunction("net/http.(*persistConn).writeLoop")); err != nil {
		t.Error(err)
	}
	eventually(t, soon, func() error {
		for _, index := range s.n.all() {
			list := s.n.ask(t, index, "CLIENT", "LIST").(string)
			if got := strings.Count(list, "\n"); got != 1 {
				return fmt.Errorf("node %d: got %d connections, want this test's own:\n%s", index, got, list)
			}
		}
		return nil
	})
}
