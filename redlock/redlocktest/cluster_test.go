package redlocktest_test

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
	"github.com/quorumlock/quorumlock/redlock/redlocktest"
)

// both runs a test in a bubble and in real time.
func both(t *testing.T, test func(t *testing.T)) {
	t.Run("bubble", func(t *testing.T) { redlocktest.Bubble(t, test) })
	t.Run("real time", func(t *testing.T) {
		leakFree(t)
		test(t)
	})
}

// The nodes of a new cluster vote at once, whatever the configuration, and exclude.
func TestNewClusterLocksAtOnce(t *testing.T) {
	for name, cfg := range map[string]redlock.Config{
		"defaults":   {},
		"plain":      {Mode: redlock.Plain},
		"long TTLs":  {MaxTTL: 24 * time.Hour, TTL: time.Hour},
		"deployment": {Deployment: "shop"},
	} {
		t.Run(name, func(t *testing.T) {
			both(t, func(t *testing.T) {
				c := redlocktest.New(t, 5)
				first, second := c.Locker(cfg), c.Locker(cfg)
				lease, err := first.TryLock(t.Context(), "k")
				if err != nil {
					t.Fatal(err)
				}
				_, err = second.TryLock(t.Context(), "k")
				wantIs(t, err, redlock.ErrHeld)
				if err := lease.Unlock(t.Context()); err != nil {
					t.Error(err)
				}
				again, err := second.TryLock(t.Context(), "k")
				if err != nil {
					t.Fatal(err)
				}
				if cfg.Mode == redlock.Fenced && again.Fence() <= lease.Fence() {
					t.Errorf("got fence %d after %d", again.Fence(), lease.Fence())
				}
			})
		})
	}
}

// All nodes of a new cluster vote at once, also when the first look at them came to nothing, as on a busy machine.
func TestNewClusterOnABusyMachine(t *testing.T) {
	leakFree(t)
	for range 3 {
		c := redlocktest.New(t, 5)
		c.Locker(redlock.Config{NodeTimeout: time.Millisecond}) // too short to look at anything
		l := c.Locker(redlock.Config{NodeTimeout: 10 * time.Second})
		c.Kill(0, 1)
		if _, err := l.TryLock(t.Context(), "k"); err != nil {
			t.Fatal(err)
		}
	}
}

// A locker that the user makes over Clients votes at once, too.
func TestClientsReachTheNodes(t *testing.T) {
	both(t, func(t *testing.T) {
		c := redlocktest.New(t, 3)
		l, err := redlock.New(c.Clients(), redlock.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close()
		lease, err := l.TryLock(t.Context(), "k")
		if err != nil {
			t.Fatal(err)
		}
		held := 0
		for _, client := range c.Clients() {
			if owner, err := client.Get(t.Context(), "k").Result(); err == nil && owner == lease.Owner() {
				held++
			}
		}
		if held < 2 {
			t.Errorf("got the owner from %d nodes, want a majority of 3", held)
		}
	})
}

// Votes tells the owner and the number of nodes, and nothing once the key is given back; a key that is kept for a
// waiter who was woken is no vote.
func TestVotes(t *testing.T) {
	redlocktest.Bubble(t, func(t *testing.T) {
		c := redlocktest.New(t, 5)
		l, waiter := c.Locker(redlock.Config{}), c.Locker(redlock.Config{})
		if got := c.Votes("k"); len(got) != 0 {
			t.Errorf("got votes %v for a key that nobody has locked", got)
		}
		lease := mustLock(t, l, "k")
		synctest.Wait()
		if got := c.Votes("k"); len(got) != 1 || got[lease.Owner()] != 5 {
			t.Errorf("got votes %v, want 5 for %s", got, lease.Owner())
		}
		go func() { _, _ = waiter.Lock(t.Context(), "k") }() // it is woken, and cannot come
		time.Sleep(time.Second)
		c.CutOff(waiter)
		_ = lease.Unlock(t.Context())
		synctest.Wait()
		if got := c.Votes("k"); len(got) != 0 {
			t.Errorf("got votes %v after Unlock", got)
		}
	})
}

// TTLs expire when the bubble's clock moves: the holder hears of it first, and the key is free a whole TTL after it was
// locked, not sooner.
func TestLeaseExpiresInFakeTime(t *testing.T) {
	redlocktest.Bubble(t, func(t *testing.T) {
		c := redlocktest.New(t, 3)
		cfg := redlock.Config{TTL: time.Minute, MaxTTL: time.Minute}
		first, second := c.Locker(cfg), c.Locker(cfg)
		lease := mustLock(t, first, "k")
		c.CutOff(first)
		time.Sleep(58 * time.Second)
		if err := lease.Err(); err != nil {
			t.Errorf("got %v two seconds before the TTL ends, want a lease", err)
		}
		time.Sleep(1990 * time.Millisecond)
		wantIs(t, lease.Err(), redlock.ErrLost)
		_, err := second.TryLock(t.Context(), "k")
		wantIs(t, err, redlock.ErrHeld)
		time.Sleep(11 * time.Millisecond)
		if _, err := second.TryLock(t.Context(), "k"); err != nil {
			t.Errorf("got %v after the TTL", err)
		}
	})
}

// Whoever waits in another locker gets the key when it is given back, with a larger fence.
func TestWaiterIsHandedTheKey(t *testing.T) {
	both(t, func(t *testing.T) {
		c := redlocktest.New(t, 3)
		first, second := c.Locker(redlock.Config{}), c.Locker(redlock.Config{})
		lease := mustLock(t, first, "k")
		got := make(chan *redlock.Lease)
		go func() {
			next, err := second.Lock(t.Context(), "k")
			if err != nil {
				t.Error(err)
			}
			got <- next
		}()
		select {
		case <-got:
			t.Fatal("got the key while another holds it")
		case <-time.After(300 * time.Millisecond):
		}
		if err := lease.Unlock(t.Context()); err != nil {
			t.Error(err)
		}
		if next := <-got; next.Fence() <= lease.Fence() {
			t.Errorf("got fence %d after %d", next.Fence(), lease.Fence())
		}
	})
}

// A Lock that is cancelled leaves no vote behind, also on nodes that hung meanwhile.
func TestCancelledLockLeavesNothing(t *testing.T) {
	redlocktest.Bubble(t, func(t *testing.T) {
		c := redlocktest.New(t, 3)
		l := c.Locker(redlock.Config{})
		c.Hang(0, 1)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		_, err := l.Lock(ctx, "k")
		wantIs(t, err, context.DeadlineExceeded)
		c.Heal()
		time.Sleep(2 * time.Second)
		if got := c.Votes("k"); len(got) != 0 {
			t.Errorf("got votes %v after a cancelled Lock", got)
		}
	})
}

// Bad arguments end the test, with what is wrong.
func TestBadArgumentsEndTheTest(t *testing.T) {
	c := redlocktest.New(t, 3)
	other := redlocktest.New(t, 3).Locker(redlock.Config{})
	for name, wrong := range map[string]func(c *redlocktest.Cluster){
		"no such node":   func(c *redlocktest.Cluster) { c.Kill(3) },
		"negative node":  func(c *redlocktest.Cluster) { c.Hang(-1) },
		"foreign locker": func(c *redlocktest.Cluster) { c.CutOff(other) },
		"bad config":     func(c *redlocktest.Cluster) { c.Locker(redlock.Config{TTL: time.Nanosecond}) },
	} {
		f := &fake{TB: t}
		if !f.ends(func() { wrong(redlocktest.New(f, 3)) }) {
			t.Errorf("%s: the test went on", name)
		}
	}
	if !(&fake{TB: t}).ends(func() { redlocktest.New(&fake{TB: t}, 0) }) {
		t.Error("a cluster of no nodes: the test went on")
	}
	if lease, err := c.Locker(redlock.Config{}).TryLock(t.Context(), "k"); err != nil {
		t.Error(err)
	} else if err := lease.Unlock(t.Context()); err != nil {
		t.Error(err)
	}
}

// fake is a test that may end.
type fake struct{ testing.TB }

var errEnded = errors.New("ended")

func (*fake) Fatalf(string, ...any) { panic(errEnded) }
func (*fake) Fatal(...any)          { panic(errEnded) }

// ends reports whether the test is ended by what is done.
func (*fake) ends(do func()) (ended bool) {
	defer func() { ended = recover() == errEnded }()
	do()
	return false
}
