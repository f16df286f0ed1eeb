package integration

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// A Lock whose context is cancelled before it begins asks no node: there is not even a fence counter.
func TestLockCancelledBeforehandAsksNobody(t *testing.T) {
	n := sharedNodes(t)
	stop := errors.New("changed my mind")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(stop)
	eachMode(t, func(t *testing.T, mode redlock.Mode) {
		l := dial(t, n.Addrs(), redlock.Config{Mode: mode})
		for range 20 {
			lease, err := l.Lock(ctx, "never asked for")
			wantErr(t, err, context.Canceled, stop)
			if lease != nil {
				t.Error("got a lease")
			}
		}
		for _, index := range n.all() {
			if got := n.ask(t, index, "KEYS", "*never asked for*"); len(got.([]any)) > 0 {
				t.Errorf("node %d: got %v", index, got)
			}
		}
	})
}

// A context that ends after Lock has returned changes nothing: the lease is held and extended until Unlock, and Unlock
// works with that context.
func TestLockCancelledAfterwardsIsHeld(t *testing.T) {
	n := sharedNodes(t)
	eachMode(t, func(t *testing.T, mode redlock.Mode) {
		l := dial(t, n.Addrs(), redlock.Config{Mode: mode, TTL: 500 * time.Millisecond})
		rival := dial(t, n.Addrs(), redlock.Config{Mode: mode, TTL: 500 * time.Millisecond})
		ctx, cancel := context.WithCancel(t.Context())
		lease, err := l.Lock(ctx, "afterwards")
		if err != nil {
			t.Fatal(err)
		}
		cancel()
		for deadline := time.Now().Add(1500 * time.Millisecond); time.Now().Before(deadline); time.Sleep(10 * time.Millisecond) {
			held(t, lease, rival)
		}
		if err := lease.Unlock(ctx); err != nil {
			t.Errorf("unlock with a cancelled context: %v", err)
		}
		n.nothingLeft(t)
	})
}

// A thousand Locks that are cancelled in the middle, at all moments, leave no key on any node one second later: while
// somebody else holds the keys, and while they are free. Those that were too fast for their cancel are unlocked.
func TestThousandCancelledLocksLeaveNothing(t *testing.T) {
	n := sharedNodes(t)
	eachMode(t, func(t *testing.T, mode redlock.Mode) {
		cfg := redlock.Config{Mode: mode}
		l, other := dial(t, n.Addrs(), cfg), dial(t, n.Addrs(), cfg)
		t.Run("free", func(t *testing.T) {
			won := cancelled(t, 1000, l, aRound, cancelKey)
			if won == 0 || won == 1000 {
				t.Errorf("%d of 1000 locks won against their cancel: nothing was proved", won)
			}
			n.nothingLeft(t)
		})
		t.Run("held", func(t *testing.T) {
			var leases []*redlock.Lease
			for i := range cancelKeys {
				leases = append(leases, lock(t, other, cancelKey(i)))
			}
			if won := cancelled(t, 1000, l, aRound, cancelKey); won > 0 {
				t.Errorf("%d locks on held keys", won)
			}
			for _, lease := range leases {
				if err := lease.Err(); err != nil {
					t.Errorf("the holder was disturbed: %v", err)
				}
				n.heldBy(t, lease.Key(), lease.Owner(), n.all()...)
				unlock(t, lease)
			}
			n.nothingLeft(t)
		})
	})
}

// The same while one node hangs: what it had been sent is taken back after it goes on.
func TestCancelledLocksLeaveNothingOnAHungNode(t *testing.T) {
	t.Parallel()
	n := start(t, cluster.Spec{Nodes: 3})
	var lockers []*redlock.Locker
	for _, mode := range modes {
		l := dial(t, n.Addrs(), redlock.Config{Mode: mode, NodeTimeout: 500 * time.Millisecond})
		cycle(t, l, "key") // the connections are open
		lockers = append(lockers, l)
	}
	n.pause(t, 1)
	// Also after the lockers have given the node up, which they do when NodeTimeout has passed.
	for deadline := time.Now().Add(1500 * time.Millisecond); time.Now().Before(deadline); {
		for _, l := range lockers {
			cancelled(t, 200, l, aRound, cancelKey)
		}
	}
	n.nothingLeftOn(t, 0, 2)
	n.resume(t, 1)
	n.nothingLeft(t)
	takesPart(t, n, lockers...)
}

const (
	cancelKeys = 50
	aRound     = 6 * time.Millisecond // about
)

func cancelKey(i int) string { return fmt.Sprintf("cancel/%d", i%cancelKeys) }

// cancelled starts count Locks, 20 at a time, and cancels each at a random moment within a time, about that of a round.
// It unlocks and counts those that win nevertheless.
func cancelled(t *testing.T, count int, l *redlock.Locker, within time.Duration, key func(int) string) int64 {
	t.Helper()
	stop := errors.New("changed my mind")
	var next, won atomic.Int64
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(count); i = next.Add(1) {
				ctx, cancel := context.WithCancelCause(t.Context())
				timer := time.AfterFunc(rand.N(within), func() { cancel(stop) })
				lease, err := l.Lock(ctx, key(int(i)))
				timer.Stop()
				cancel(nil)
				if err != nil {
					wantErr(t, err, context.Canceled, stop)
					continue
				}
				won.Add(1)
				// Nodes that hang, or are slow, hear of it later: what they keep is looked for afterwards.
				if err := lease.Unlock(ctx); err != nil && !errors.Is(err, redlock.ErrNoQuorum) {
					t.Errorf("unlock: %v", err)
				}
			}
		})
	}
	wg.Wait()
	return won.Load()
}
