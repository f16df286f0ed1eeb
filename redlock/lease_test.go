package redlock

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorumlock/quorumlock/internal/memory"
)

// R8: when a lease cannot be extended any more, its holder is told before the window closes, and so before any node
// lets go of the key.
func TestHolderIsToldBeforeTheWindowCloses(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{Mode: mode, TTL: 3 * time.Second})
		before := time.Now()
		lease := mustLock(t, l, "k")
		synctest.Wait() // the third node grants, too
		window := before.Add(l.cfg.TTL - l.cfg.Drift.Of(l.cfg.TTL))
		ctx := lease.Context(t.Context())
		fail(nodes, 2, memory.Hung)
		<-lease.Done()
		if now := time.Now(); !now.Before(window) {
			t.Errorf("told %v after the window closed", now.Sub(window))
		}
		if got := holders(nodes, "k", lease.Owner()); got < 2 {
			t.Errorf("got the owner on %d nodes when the holder was told, want a majority", got)
		}
		<-ctx.Done()
		wantIs(t, context.Cause(ctx), ErrLost)
		wantIs(t, lease.Err(), ErrLost)
		if got := lease.Left(); got != 0 {
			t.Errorf("got %v left, want 0", got)
		}
		wantIs(t, lease.Extend(t.Context()), ErrLost)
		wantIs(t, lease.Unlock(t.Context()), ErrLost)
		wantIs(t, context.Cause(lease.Context(t.Context())), ErrLost)
	})
}

// R7: renewals keep a lease for as long as it is wanted; without them it lasts one window.
func TestRenewalKeepsTheLease(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{Mode: mode, TTL: time.Second})
		lease := mustLock(t, l, "k")
		for range 100 {
			time.Sleep(300 * time.Millisecond)
			if got := holders(nodes, "k", lease.Owner()); got != 3 {
				t.Fatalf("got the owner on %d nodes, want 3", got)
			}
		}
		if err := lease.Err(); err != nil {
			t.Errorf("Err: %v", err)
		}
		still := on(t, nodes, Config{Mode: mode, TTL: time.Second, NoRenew: true})
		once := mustLock(t, still, "other")
		start := time.Now()
		<-once.Done()
		if held := time.Since(start); held >= time.Second || held < 900*time.Millisecond {
			t.Errorf("got %v without renewal, want just under the TTL of 1s", held)
		}
	})
}

// A holder that extends by hand keeps the lease, and is told when too few nodes answered; the window that it has stays.
func TestExtendByHand(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{Mode: mode, TTL: 2 * time.Second, NoRenew: true})
		lease := mustLock(t, l, "k")
		for range 10 {
			time.Sleep(time.Second)
			if err := lease.Extend(t.Context()); err != nil {
				t.Fatalf("Extend: %v", err)
			}
		}
		full := lease.Left()
		fail(nodes, 2, memory.Hung)
		err := lease.Extend(t.Context())
		wantIs(t, err, ErrNoQuorum)
		if got := full - lease.Left(); got != l.cfg.NodeTimeout {
			t.Errorf("got a window shorter by %v after an Extend that took NodeTimeout and failed", got)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		wantIs(t, lease.Extend(ctx), context.Canceled)
		if lease.Err() != nil {
			t.Errorf("got %v, want the lease to be held still", lease.Err())
		}
	})
}

// R7: a node that lost the key while the lease is held gets it again; a majority that lost it ends the lease.
func TestForgottenKeys(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 5)
		l := on(t, nodes, Config{Mode: mode, TTL: 3 * time.Second})
		lease := mustLock(t, l, "k")
		nodes[0].Del("k")
		nodes[1].Del("k")
		time.Sleep(3 * time.Second)
		if got := holders(nodes, "k", lease.Owner()); got != 5 || lease.Err() != nil {
			t.Errorf("got the owner on %d nodes and %v, want it healed on all 5", got, lease.Err())
		}
		for _, m := range nodes[:3] {
			m.FlushAll()
		}
		time.Sleep(2 * time.Second)
		wantIs(t, lease.Err(), ErrLost)
		synctest.Wait()
		if got := keys(nodes, "k"); got != 0 {
			t.Errorf("got the key on %d nodes after it was lost, want 0", got)
		}
	})
}

// Unlock works on a context that has ended, once.
func TestUnlock(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{Mode: mode})
		ctx, cancel := context.WithCancel(t.Context())
		lease, err := l.Lock(ctx, "k")
		if err != nil {
			t.Fatal(err)
		}
		done := lease.Done()
		cancel()
		if err := lease.Unlock(ctx); err != nil {
			t.Errorf("Unlock on an ended context: %v", err)
		}
		synctest.Wait()
		if got := keys(nodes, "k"); got != 0 {
			t.Errorf("got the key on %d nodes, want 0", got)
		}
		<-done
		<-lease.Done()
		wantIs(t, lease.Err(), ErrUnlocked)
		wantIs(t, lease.Unlock(t.Context()), ErrUnlocked)
		wantIs(t, lease.Extend(t.Context()), ErrUnlocked)
		if lease.Left() != 0 {
			t.Errorf("got %v left, want 0", lease.Left())
		}
	})
}

// An Unlock that too few nodes hear is told so, and reaches them as soon as they can be reached.
func TestUnlockOfDeadNodes(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{Mode: mode, TTL: time.Hour, MaxTTL: time.Hour})
		lease := mustLock(t, l, "k")
		synctest.Wait()
		fail(nodes, 2, memory.Hung)
		wantIs(t, lease.Unlock(t.Context()), ErrNoQuorum)
		wantIs(t, lease.Err(), ErrUnlocked)
		fail(nodes, 0, memory.Healthy)
		time.Sleep(soon)
		if got := keys(nodes, "k"); got != 0 {
			t.Errorf("got the key on %d nodes, want 0", got)
		}
	})
}

// A lease that the nodes forgot was not ours any more when we unlocked it.
func TestUnlockOfForgottenKeys(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 3)
		lease := mustLock(t, on(t, nodes, Config{Mode: mode}), "k")
		synctest.Wait()
		for _, m := range nodes {
			m.FlushAll()
		}
		wantIs(t, lease.Unlock(t.Context()), ErrLost)
	})
}

// A nil lease behaves as one that was unlocked.
func TestNilLease(t *testing.T) {
	var lease *Lease
	if lease.Key() != "" || lease.Owner() != "" || lease.Fence() != 0 || lease.Left() != 0 {
		t.Error("got something from a nil lease")
	}
	<-lease.Done()
	wantIs(t, lease.Err(), ErrUnlocked)
	wantIs(t, lease.Extend(t.Context()), ErrUnlocked)
	wantIs(t, lease.Unlock(t.Context()), ErrUnlocked)
	wantIs(t, context.Cause(lease.Context(t.Context())), ErrUnlocked)
}

// MaxHold ends a lease however often it is extended, and takes its key back.
func TestMaxHold(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{Mode: mode, TTL: time.Second, MaxHold: 5 * time.Second})
		lease := mustLock(t, l, "k")
		start := time.Now()
		<-lease.Done()
		if held := time.Since(start); held != 5*time.Second {
			t.Errorf("held for %v, want 5s", held)
		}
		wantIs(t, lease.Err(), ErrLost)
		synctest.Wait()
		if got := keys(nodes, "k"); got != 0 {
			t.Errorf("got the key on %d nodes, want 0", got)
		}
	})
}

// A lease's contexts end with it or with their parents, and are let go then.
func TestContextsAreLetGo(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		lease := mustLock(t, on(t, memories(t, 1), Config{Mode: mode}), "k")
		for range 100 {
			parent, cancel := context.WithCancel(t.Context())
			ctx := lease.Context(parent)
			cancel()
			<-ctx.Done()
			wantIs(t, context.Cause(ctx), context.Canceled)
		}
		synctest.Wait()
		lease.attempt.mu.Lock()
		left := len(lease.heirs)
		lease.attempt.mu.Unlock()
		if left != 0 {
			t.Errorf("got %d contexts kept, want 0", left)
		}
		ctx := lease.Context(t.Context())
		if err := lease.Unlock(t.Context()); err != nil {
			t.Error(err)
		}
		<-ctx.Done()
		wantIs(t, context.Cause(ctx), ErrUnlocked)
	})
}

// Do unlocks whatever happens in fn, hands its error on, and says when the lease was lost meanwhile.
func TestDo(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{Mode: mode, TTL: 2 * time.Second})
		own := errors.New("out of stock")
		err := l.Do(t.Context(), "k", func(context.Context, *Lease) error { return own })
		wantIs(t, err, own)

		func() {
			defer func() {
				if recover() == nil {
					t.Error("got no panic from Do, want fn's")
				}
			}()
			_ = l.Do(t.Context(), "k", func(context.Context, *Lease) error { panic("boom") })
		}()
		synctest.Wait()
		if got := keys(nodes, "k"); got != 0 {
			t.Errorf("got the key on %d nodes after a panic, want 0", got)
		}

		err = l.Do(t.Context(), "k", func(ctx context.Context, lease *Lease) error {
			fail(nodes, 2, memory.Hung)
			<-ctx.Done()
			return own
		})
		wantIs(t, err, own, ErrLost)
	})
}
