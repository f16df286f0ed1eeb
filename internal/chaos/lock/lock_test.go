package lock

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// right are the lockers that are not wrong.
var right = []string{"redlock", "simple"}

// eachRight runs f on new nodes for every locker that is not wrong.
func eachRight(t *testing.T, spec cluster.Spec, f func(t *testing.T, n *nodes, name string)) {
	for _, name := range right {
		t.Run(name, func(t *testing.T) { f(t, start(t, spec), name) })
	}
}

// Clients of several lockers take turns, one at a time, with fences that grow, and leave nothing behind.
func TestClientsTakeTurns(t *testing.T) {
	const clients, turns = 4, 5
	eachRight(t, embedded(5), func(t *testing.T, n *nodes, name string) {
		var lockers []Locker
		for range clients {
			lockers = append(lockers, n.open(t, name))
		}
		var inside atomic.Int32
		var last atomic.Uint64
		var wg sync.WaitGroup
		for _, l := range lockers {
			wg.Go(func() {
				for range turns {
					ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
					lease, err := l.Lock(ctx, "k")
					cancel()
					if err != nil {
						t.Error(err)
						return
					}
					if inside.Add(1) != 1 {
						t.Error("got two holders")
					}
					if before := last.Swap(lease.Fence()); before >= lease.Fence() {
						t.Errorf("got fence %d after %d", lease.Fence(), before)
					}
					inside.Add(-1)
					if err := lease.Unlock(t.Context()); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
		for _, l := range lockers {
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		}
		if left := n.locks(t); left != 0 {
			t.Errorf("got %d keys left, want none", left)
		}
	})
}

// Whatever the locker, the same thing has the same error.
func TestErrorsAreTheLibrarys(t *testing.T) {
	eachRight(t, embedded(3), func(t *testing.T, n *nodes, name string) {
		want := func(what string, err error, matches ...error) {
			t.Helper()
			for _, m := range matches {
				if !errors.Is(err, m) {
					t.Errorf("%s: got %v, want %v", what, err, m)
				}
			}
		}
		l, other := n.open(t, name, soon), n.open(t, name, soon)
		lease := lock(t, l, "k")
		_, err := other.TryLock(t.Context(), "k")
		want("a try for what is held", err, redlock.ErrHeld)
		stop := errors.New("enough")
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(50*time.Millisecond, func() { cancel(stop) })
		_, err = other.Lock(ctx, "k")
		want("a wait that is cancelled", err, stop)
		_, err = other.Lock(ctx, "free")
		want("a wait that was cancelled before", err, stop, redlock.ErrNoQuorum)
		want("an extension", lease.Extend(t.Context()))
		want("an unlock whose context has ended", lease.Unlock(ctx))
		want("a second unlock", lease.Unlock(t.Context()), redlock.ErrUnlocked)
		want("an extension too late", lease.Extend(t.Context()), redlock.ErrUnlocked)
		if lease.Left() != 0 {
			t.Errorf("got %v left of a lease that is over", lease.Left())
		}
		<-lease.Done()

		lease = lock(t, l, "k")
		n.each(t, (*cluster.Node).Kill, 0, 1)
		_, err = other.TryLock(t.Context(), "free")
		want("a try without a majority", err, redlock.ErrNoQuorum)
		want("an extension without a majority", lease.Extend(t.Context()), redlock.ErrNoQuorum)
		want("an unlock without a majority", lease.Unlock(t.Context()), redlock.ErrNoQuorum)

		l.Close()
		_, err = l.TryLock(t.Context(), "free")
		want("a try after Close", err, redlock.ErrClosed)
		_, err = l.Lock(t.Context(), "free")
		want("a wait after Close", err, redlock.ErrClosed)
	})
}

// A lease that cannot be extended ends, and what ends it is known before its window closes: Left and Done leave a margin.
func TestHoldersAreTold(t *testing.T) {
	eachRight(t, embedded(3), func(t *testing.T, n *nodes, name string) {
		brief := func(cfg *Config) {
			cfg.TTL, cfg.MaxTTL, cfg.NodeTimeout = time.Second, time.Second, 200*time.Millisecond
		}
		l := n.open(t, name, brief)
		lease := lock(t, l, "k")
		if left, window := lease.Left(), time.Second-clock.DefaultDrift.Of(time.Second); left <= 0 || left >= window {
			t.Errorf("got %v left of a window of %v, want less", left, window)
		}
		n.each(t, (*cluster.Node).Pause, 0, 1)
		<-lease.Done()
		if lease.Left() != 0 {
			t.Errorf("got %v left of a lease that is lost", lease.Left())
		}
		if err := lease.Unlock(t.Context()); !errors.Is(err, redlock.ErrLost) {
			t.Errorf("got %v from Unlock, want ErrLost", err)
		}
		n.each(t, (*cluster.Node).Resume, 0, 1)
		lock(t, l, "k")
	})
}

// A lease is extended in the background for as long as a majority answers.
func TestLeasesAreRenewed(t *testing.T) {
	eachRight(t, embedded(3), func(t *testing.T, n *nodes, name string) {
		l := n.open(t, name, func(cfg *Config) { cfg.TTL, cfg.MaxTTL, cfg.NodeTimeout = 3*time.Second, 3*time.Second, time.Second })
		lease := lock(t, l, "k")
		n.each(t, (*cluster.Node).Kill, 2)
		for before, extended := lease.Left(), 0; extended < 2; {
			left := lease.Left()
			if left == 0 {
				t.Fatal("the lease was lost")
			}
			if left > before {
				extended++
			}
			before = left
			time.Sleep(5 * time.Millisecond)
		}
		n.each(t, func(node *cluster.Node, ctx context.Context) error { return node.Start(ctx, cluster.Forget) }, 2)
		unlock(t, lease)
	})
}

// R6: nodes that may have forgotten votes give them again when their quarantine is over.
func TestQuarantineEnds(t *testing.T) {
	eachRight(t, embedded(3), func(t *testing.T, n *nodes, name string) {
		l := n.open(t, name, func(cfg *Config) { cfg.TTL, cfg.MaxTTL = 500*time.Millisecond, 500*time.Millisecond })
		lock(t, l, "k")
		n.each(t, func(node *cluster.Node, ctx context.Context) error { return node.Restart(ctx, cluster.Forget) }, 0, 1, 2)
		lock(t, l, "k")
	})
}

// R6: that nodes are new is not believed of a node that has been looked at: it is true of the time before only.
func TestNewsOfNewNodesIsOld(t *testing.T) {
	n := start(t, embedded(1))
	l := n.open(t, "simple")
	unlock(t, lock(t, l, "k"))
	if err := n.direct[0].FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	if _, err := l.TryLock(t.Context(), "k"); !errors.Is(err, redlock.ErrNoQuorum) {
		t.Errorf("got %v from a node that was flushed, want ErrNoQuorum", err)
	}
	if _, err := n.open(t, "simple").TryLock(t.Context(), "k"); !errors.Is(err, redlock.ErrNoQuorum) {
		t.Errorf("got %v of a locker that takes it for new, want ErrNoQuorum", err)
	}
}

// I11: no goroutine outlives Close, also when a node hangs and leases are held.
func TestNothingOutlivesClose(t *testing.T) {
	n := start(t, embedded(3))
	before := goleak.IgnoreCurrent()
	l := n.open(t, "simple", soon)
	held, given := lock(t, l, "held"), lock(t, l, "given")
	n.each(t, (*cluster.Node).Pause, 0)
	unlock(t, given)
	if err := l.Close(); err == nil {
		t.Error("got no word of keys on a node that hangs")
	}
	<-held.Done()
	n.each(t, (*cluster.Node).Resume, 0)
	goleak.VerifyNone(t, before)
}

// Plain lockers have no fences, and nodes that they lock on keep nothing of them.
func TestPlainHasNoFences(t *testing.T) {
	eachRight(t, embedded(3), func(t *testing.T, n *nodes, name string) {
		plain := func(cfg *Config) { cfg.Plain = true }
		lease := lock(t, n.open(t, name, plain), "k")
		if lease.Fence() != 0 {
			t.Errorf("got fence %d, want none", lease.Fence())
		}
		for _, kept := range n.read(t, counter("k")) {
			if kept != "" {
				t.Errorf("got a counter of %s, want none", kept)
			}
		}
		unlock(t, lease)
	})
}

// What cannot be opened says why.
func TestOpenRefuses(t *testing.T) {
	addrs := []string{"127.0.0.1:1"}
	for _, c := range []struct {
		name string
		cfg  Config
	}{
		{"broken", Config{Addrs: addrs}},
		{"simple", Config{}},
		{"redlock", Config{}},
		{"simple", Config{Addrs: make([]string, 65)}},
		{"simple", Config{Addrs: addrs, TTL: time.Millisecond}},
		{"simple", Config{Addrs: addrs, TTL: time.Minute, MaxTTL: time.Second}},
		{"simple", Config{Addrs: addrs, NodeTimeout: time.Nanosecond}},
		{"broken-fence", Config{Addrs: addrs, Plain: true}},
	} {
		if l, err := Open(c.name, c.cfg); err == nil {
			l.Close()
			t.Errorf("%s: got no error for %+v", c.name, c.cfg)
		}
	}
}
