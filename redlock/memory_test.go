package redlock

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorumlock/quorumlock/internal/faketime"
	"github.com/quorumlock/quorumlock/internal/memory"
)

// alone runs a test of mode Fenced in a bubble of its own time.
func alone(t *testing.T, test func(t *testing.T)) { faketime.Test(t, test) }

// R6: a node that remembers nothing waits until every lock that it could have forgotten is over, and says so; one of
// which somebody says that it is new votes at once.
func TestNewNodesWaitOutTheLongestTTL(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := memories(t, 3)
		l := between(t, nodes, Config{TTL: time.Second, MaxTTL: 5 * time.Second})
		start := time.Now()
		_, err := l.TryLock(t.Context(), "k")
		wantIs(t, err, ErrNoQuorum)
		for _, want := range []string{":6379: may have forgotten votes", "votes again at 00:00:05.060"} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("got %q, want it to say %q", err, want)
			}
		}
		lease := mustLock(t, l, "k")
		if waited := time.Since(start); waited < 5*time.Second || waited > 6*time.Second {
			t.Errorf("got the lock after %v, want a little over the longest TTL, 5s", waited)
		}
		if err := lease.Unlock(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// R6, the classic: one node is down when a lock is taken, another restarts without its memory, and so a majority knows
// nothing of the lock; nobody else gets it all the same.
func TestForgottenVoteIsNotGivenTwice(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := memories(t, 3)
		cfg := Config{TTL: 2 * time.Second, MaxTTL: 2 * time.Second, NoRenew: true}
		holder, other := on(t, nodes, cfg), on(t, nodes, cfg)
		mustLock(t, other, "warm up").Unlock(t.Context())
		nodes[0].Set(memory.Dead)
		lease := mustLock(t, holder, "k")
		nodes[0].Set(memory.Healthy)
		nodes[1].Set(memory.Dead)
		nodes[1].FlushAll()
		nodes[1].Set(memory.Healthy)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		stolen, err := other.Lock(ctx, "k")
		if err != nil {
			t.Fatal(err)
		}
		if lease.Err() == nil {
			t.Error("got a second holder while the first one holds the lock")
		}
		if stolen.Fence() <= lease.Fence() {
			t.Errorf("got the fence %d after %d", stolen.Fence(), lease.Fence())
		}
	})
}

// R6: saying that the nodes are new holds for the time before the first look, and not for what is forgotten later.
func TestFreshIsUsedUp(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{TTL: time.Second, MaxTTL: 2 * time.Second})
		mustLock(t, l, "k").Unlock(t.Context())
		for _, m := range nodes {
			m.FlushAll()
		}
		start := time.Now()
		mustLock(t, l, "k")
		if waited := time.Since(start); waited < 2*time.Second {
			t.Errorf("got the lock %v after every node forgot its votes, want over the longest TTL, 2s", waited)
		}
	})
}

// R6: what was said of the nodes when the locker was made does not hold for a node that it could not look at then.
func TestFreshIsAboutTheBeginning(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := memories(t, 3)
		cfg := Config{TTL: time.Second, MaxTTL: 20 * time.Second, NodeTimeout: 100 * time.Millisecond}
		fail(nodes, 2, memory.Dead)
		l := on(t, nodes, cfg)
		time.Sleep(time.Second)
		fail(nodes, 0, memory.Healthy)
		time.Sleep(time.Second)
		_, err := l.TryLock(t.Context(), "k")
		wantIs(t, err, ErrNoQuorum)
		if err == nil || !strings.Contains(err.Error(), "may have forgotten votes") {
			t.Errorf("got %v, want nodes that may have forgotten votes", err)
		}
	})
}

// An estimate of a node's clock that has grown old is renewed before a grant hangs on it: a clock that runs slower or
// faster than ours must not make the first lock after a pause come too late.
func TestClockEstimateIsRenewed(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{MaxTTL: 10 * time.Second})
		mustLock(t, l, "k").Unlock(t.Context())
		synctest.Wait()
		time.Sleep(10 * time.Minute)
		for _, m := range nodes {
			m.Ahead(3 * time.Second) // half a percent in ten minutes
		}
		lease, err := l.TryLock(t.Context(), "k")
		if err != nil {
			t.Fatal(err)
		}
		lease.Unlock(t.Context())
	})
}

// R6: during the quarantine a lease that is held is extended and released.
func TestHeldLeaseSurvivesTheQuarantine(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{TTL: time.Second, MaxTTL: 30 * time.Second})
		lease := mustLock(t, l, "k")
		synctest.Wait()
		for _, m := range nodes {
			m.Del("quorumlock:meta")
		}
		_, err := l.TryLock(t.Context(), "other")
		wantIs(t, err, ErrNoQuorum)
		time.Sleep(5 * time.Second)
		if lease.Err() != nil {
			t.Fatalf("got %v, want the lease extended during the quarantine", lease.Err())
		}
		if err := lease.Unlock(t.Context()); err != nil {
			t.Errorf("Unlock: %v", err)
		}
	})
}

// R6: nodes refuse clients that see other members, or that use longer TTLs, by name; waiting does not help.
func TestNodesRefuseStrangers(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := memories(t, 5)
		mustLock(t, on(t, nodes, Config{MaxTTL: 10 * time.Second, Deployment: "prod"}), "k").Unlock(t.Context())
		time.Sleep(time.Second)
		for want, l := range map[string]*Locker{
			`one of "5:prod", and this client has "3:prod"`: on(t, nodes[:3], Config{MaxTTL: 10 * time.Second, Deployment: "prod"}),
			`one of "5:prod", and this client has "5:test"`: on(t, nodes, Config{MaxTTL: 10 * time.Second, Deployment: "test"}),
			`allows TTLs up to 10000 ms, and this client's`: on(t, nodes, Config{MaxTTL: 11 * time.Second, Deployment: "prod"}),
		} {
			start := time.Now()
			_, err := l.Lock(t.Context(), "k")
			wantIs(t, err, ErrNoQuorum)
			if err == nil || !strings.Contains(err.Error(), want) || time.Since(start) > time.Second {
				t.Errorf("got %v after %v, want at once one that says %q", err, time.Since(start), want)
			}
		}
		mustLock(t, on(t, nodes, Config{TTL: time.Second, MaxTTL: 2 * time.Second, Deployment: "prod"}), "k").Unlock(t.Context())
	})
}

// A2: a node whose clock steps loses its vote for the longest TTL: its keys may have expired before their time.
func TestNodeThatStepsLosesItsVote(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{TTL: time.Second, MaxTTL: 5 * time.Second})
		mustLock(t, l, "k").Unlock(t.Context())
		synctest.Wait()
		for _, m := range nodes[:2] {
			m.Ahead(30 * time.Second)
		}
		_, err := l.TryLock(t.Context(), "k")
		wantIs(t, err, ErrNoQuorum)
		if err == nil || !strings.Contains(err.Error(), "its clock has stepped") {
			t.Errorf("got %v, want it to say that clocks have stepped", err)
		}
	})
}
