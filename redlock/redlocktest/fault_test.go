package redlocktest_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
	"github.com/quorumlock/quorumlock/redlock/redlocktest"
)

// While a minority has any fault, locking goes on; while a majority has it, nobody gets a lock, and after Heal everybody
// does. In real time nothing is left behind either.
func TestFaultsOfMinorityAndMajority(t *testing.T) {
	faults := map[string]func(c *redlocktest.Cluster, nodes ...int){
		"kill": (*redlocktest.Cluster).Kill, "unplug": (*redlocktest.Cluster).Unplug,
		"hang": (*redlocktest.Cluster).Hang, "lost replies": (*redlocktest.Cluster).DropReplies,
		"slow": func(c *redlocktest.Cluster, nodes ...int) { c.Slow(time.Minute, nodes...) },
	}
	for name, fault := range faults {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T) {
				c := redlocktest.New(t, 5)
				l := c.Locker(redlock.Config{NodeTimeout: 200 * time.Millisecond, DurableNodes: true})
				fault(c, 0, 1)
				lease, err := l.TryLock(t.Context(), "a")
				if err != nil {
					t.Fatalf("with two of five: %v", err)
				}
				_ = lease.Unlock(t.Context())
				fault(c, 2)
				_, err = l.TryLock(t.Context(), "b")
				wantIs(t, err, redlock.ErrNoQuorum)
				c.Heal()
				if err := mustLock(t, l, "c").Unlock(t.Context()); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

// Without numbers a fault happens to all nodes; Heal with a number heals that one alone.
func TestNumbersOfNodes(t *testing.T) {
	redlocktest.Bubble(t, func(t *testing.T) {
		c := redlocktest.New(t, 3)
		l := c.Locker(redlock.Config{})
		c.Unplug()
		_, err := l.TryLock(t.Context(), "k")
		if got := strings.Count(err.Error(), "connection refused"); got < 2 {
			t.Errorf("got %v, want nodes that refuse connections", err)
		}
		c.Heal(2)
		time.Sleep(time.Second)
		_, err = l.TryLock(t.Context(), "k")
		wantIs(t, err, redlock.ErrNoQuorum)
		c.Heal(1)
		time.Sleep(time.Second)
		if _, err = l.TryLock(t.Context(), "k"); err != nil {
			t.Errorf("got %v with two of three nodes", err)
		}
	})
}

// A node that forgot does not vote before every lock is over that it could have forgotten: what a majority
// does not know of any more is not given to two.
func TestForgottenVotesAreNotGivenTwice(t *testing.T) {
	redlocktest.Bubble(t, func(t *testing.T) {
		c := redlocktest.New(t, 3)
		cfg := redlock.Config{TTL: 3 * time.Second, MaxTTL: 3 * time.Second}
		holder, other := c.Locker(cfg), c.Locker(cfg)
		c.Unplug(0)
		lease := mustLock(t, holder, "k")
		c.Forget(1)
		c.Heal(0)
		start := time.Now()
		if _, err := other.TryLock(t.Context(), "k"); err == nil {
			t.Error("got a lock that is held")
		}
		c.Kill(2) // now the node that forgot is needed
		_, err := other.TryLock(t.Context(), "k")
		if err == nil || !strings.Contains(err.Error(), "node-1:6379: may have forgotten votes") {
			t.Errorf("got %v, want a node that may have forgotten votes", err)
		}
		mustLock(t, other, "k")
		wantIs(t, lease.Err(), redlock.ErrLost) // by a majority that does not know of it any more
		if waited := time.Since(start); waited < 3*time.Second || waited > 4*time.Second {
			t.Errorf("got a vote of the node that forgot after %v, want a little over MaxTTL, 3s", waited)
		}
	})
}

// In mode Plain nobody notices that nodes forget: the same lock is given twice. That is what a test of storage can use.
func TestForgettingBreaksPlain(t *testing.T) {
	redlocktest.Bubble(t, func(t *testing.T) {
		c := redlocktest.New(t, 3)
		cfg := redlock.Config{Mode: redlock.Plain, NoRenew: true}
		first, second := c.Locker(cfg), c.Locker(cfg)
		lease := mustLock(t, first, "k")
		c.Forget()
		mustLock(t, second, "k")
		if lease.Err() != nil {
			t.Error("got a holder who has noticed")
		}
	})
}

// Restart and a Kill that is healed keep the data, and make the node wait all the same, unless nodes are durable.
func TestRestartKeepsTheData(t *testing.T) {
	redlocktest.Bubble(t, func(t *testing.T) {
		for _, durable := range []bool{false, true} {
			c := redlocktest.New(t, 3)
			l := c.Locker(redlock.Config{DurableNodes: durable})
			lease := mustLock(t, l, "k")
			synctest.Wait()
			c.Restart(0)
			c.Kill(1, 2)
			c.Heal()
			if got := c.Votes("k")[lease.Owner()]; got != 3 {
				t.Errorf("got %d votes after the restarts, want all 3", got)
			}
			time.Sleep(5 * time.Second)
			if _, err := l.TryLock(t.Context(), "other"); (err == nil) != durable {
				t.Errorf("durable %v: got %v", durable, err)
			}
			if err := lease.Unlock(t.Context()); err != nil {
				t.Error(err)
			}
		}
	})
}

// A hung node carries out what had gathered when it goes on; one whose replies are lost has done so at once.
func TestHungAndMuteNodesRemember(t *testing.T) {
	redlocktest.Bubble(t, func(t *testing.T) {
		c := redlocktest.New(t, 3)
		clients := c.Clients()
		for _, client := range clients {
			client.Ping(t.Context()) // connects
		}
		c.Hang(0)
		c.DropReplies(1)
		for i, want := range []bool{false, true} {
			ctx, cancel := soon(t)
			if err := clients[i].Set(ctx, "x", "y", 0).Err(); err == nil {
				t.Errorf("node %d: got a reply", i)
			}
			cancel()
			synctest.Wait()
			if got := c.Votes("x")["y"] == 1; got != want {
				t.Errorf("node %d: carried out %v, want %v", i, got, want)
			}
			c.Heal(i)
			synctest.Wait()
			if c.Votes("x")["y"] != 1 {
				t.Errorf("node %d: what was sent is lost", i)
			}
			c.Forget(i)
		}
	})
}

// The holder who is cut off from the nodes hears that its lease is lost before anybody else gets the key.
func TestCutOffHolderHearsFirst(t *testing.T) {
	both(t, func(t *testing.T) {
		c := redlocktest.New(t, 3)
		cfg := redlock.Config{TTL: 500 * time.Millisecond, NodeTimeout: 100 * time.Millisecond}
		holder, other := c.Locker(cfg), c.Locker(cfg)
		lease := mustLock(t, holder, "k")
		c.CutOff(holder)
		next := mustLock(t, other, "k")
		wantIs(t, lease.Err(), redlock.ErrLost)
		if next.Fence() <= lease.Fence() {
			t.Errorf("got fence %d after %d", next.Fence(), lease.Fence())
		}
		_, err := holder.TryLock(t.Context(), "k2")
		wantIs(t, err, redlock.ErrNoQuorum)
		c.Heal()
		if err := mustLock(t, holder, "k2").Unlock(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

// Nodes whose clock steps have no vote, and Heal sets them right again.
func TestSteppedClocksHaveNoVote(t *testing.T) {
	redlocktest.Bubble(t, func(t *testing.T) {
		c := redlocktest.New(t, 3)
		l := c.Locker(redlock.Config{})
		mustLock(t, l, "a").Unlock(t.Context())
		time.Sleep(time.Minute)
		c.ClockAhead(20*time.Second, 0, 1)
		_, err := l.TryLock(t.Context(), "b")
		if err == nil || !strings.Contains(err.Error(), "clock has stepped") {
			t.Errorf("got %v, want nodes whose clock has stepped", err)
		}
	})
}

// What takes longer than Config.NodeTimeout is not heard; less only takes longer.
func TestSlowNodes(t *testing.T) {
	redlocktest.Bubble(t, func(t *testing.T) {
		c := redlocktest.New(t, 3)
		l := c.Locker(redlock.Config{})
		mustLock(t, l, "a").Unlock(t.Context())
		c.Slow(50 * time.Millisecond)
		start := time.Now()
		mustLock(t, l, "b").Unlock(t.Context())
		if took := time.Since(start); took < 200*time.Millisecond {
			t.Errorf("got lock and unlock in %v, want four ways of 50ms", took)
		}
	})
}
