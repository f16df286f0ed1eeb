package redlock

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorumlock/quorumlock/internal/faketime"
	"github.com/quorumlock/quorumlock/internal/memory"
)

// bubble runs the test for both modes, each in a bubble of its own: time is fake, and a goroutine that outlives the
// test fails it.
func bubble(t *testing.T, test func(t *testing.T, mode Mode)) {
	t.Helper()
	for mode, name := range map[Mode]string{Fenced: "fenced", Plain: "plain"} {
		t.Run(name, func(t *testing.T) {
			faketime.Test(t, func(t *testing.T) { test(t, mode) })
		})
	}
}

// What a node stores is the owner alone, with an expiry, and nothing of it after Unlock: other Redlock clients use the
// same key.
func TestValueUnderTheKeyIsTheOwner(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 5)
		l := on(t, nodes, Config{Mode: mode, TTL: 4 * time.Second})
		lease := mustLock(t, l, "orders/42")
		synctest.Wait()
		if got := holders(nodes, "orders/42", lease.Owner()); got != 5 {
			t.Errorf("got the owner on %d nodes, want 5", got)
		}
		if got := nodes[0].TTL("orders/42"); got <= 0 || got > 4*time.Second {
			t.Errorf("got a TTL of %v, want at most 4s", got)
		}
		if err := lease.Unlock(t.Context()); err != nil {
			t.Errorf("Unlock: %v", err)
		}
		synctest.Wait()
		if got := keys(nodes, "orders/42"); got != 0 {
			t.Errorf("got the key on %d nodes after Unlock, want 0", got)
		}
	})
}

// R1: while one holds the key, nobody else gets it; TryLock says so at once, and Lock waits until it is free.
func TestSecondLockWaitsForTheFirst(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 3)
		first, second := on(t, nodes, Config{Mode: mode}), on(t, nodes, Config{Mode: mode})
		lease := mustLock(t, first, "k")
		_, err := second.TryLock(t.Context(), "k")
		wantIs(t, err, ErrHeld)
		if errors.Is(err, ErrNoQuorum) {
			t.Errorf("got %v, which also matches ErrNoQuorum", err)
		}

		unlocked := time.Now().Add(time.Minute)
		go func() {
			time.Sleep(time.Minute) // six TTLs: the lease is extended meanwhile
			_ = lease.Unlock(context.Background())
		}()
		next := mustLock(t, second, "k")
		if waited := time.Since(unlocked); waited < 0 || waited > time.Second {
			t.Errorf("got the key %v after it was unlocked", waited)
		}
		if mode == Fenced && next.Fence() <= lease.Fence() {
			t.Errorf("got fence %d after fence %d, want a larger one", next.Fence(), lease.Fence())
		}
		if mode == Plain && next.Fence() != 0 {
			t.Errorf("got fence %d in mode Plain, want 0", next.Fence())
		}
	})
}

// A wait that the caller's context ends says both that it ended and what it was waiting for.
func TestEndedWaitMatchesContextAndCause(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 3)
		first, second := on(t, nodes, Config{Mode: mode}), on(t, nodes, Config{Mode: mode})
		mustLock(t, first, "k")
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := second.Lock(ctx, "k")
		wantIs(t, err, context.DeadlineExceeded, ErrHeld)

		why := errors.New("shutting down")
		ctx2, cancel2 := context.WithCancelCause(t.Context())
		cancel2(why)
		_, err = second.Lock(ctx2, "k")
		wantIs(t, err, context.Canceled, why, ErrNoQuorum)
	})
}

// R4: a Lock that is cancelled while it waits for answers leaves its key on no node, also not on those whose answers
// were still to come.
func TestCancelledLockLeavesNothing(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 5)
		l := on(t, nodes, Config{Mode: mode})
		fail(nodes, 3, memory.Mute)
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		before := make(chan int, 1)
		time.AfterFunc(50*time.Millisecond, func() { before <- keys(nodes, "k") })
		_, err := l.Lock(ctx, "k")
		wantIs(t, err, context.DeadlineExceeded, ErrNoQuorum)
		if <-before == 0 {
			t.Error("got the key on no node before the undo; the test proves nothing")
		}
		fail(nodes, 0, memory.Healthy)
		time.Sleep(soon)
		if got := keys(nodes, "k"); got != 0 {
			t.Errorf("got the key on %d nodes, want 0", got)
		}
	})
}

// R9: neither Lock nor Unlock waits for a node that hangs, as long as a majority answers.
func TestHungMinorityCostsNoTime(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 5)
		l := on(t, nodes, Config{Mode: mode})
		fail(nodes, 2, memory.Hung)
		start := time.Now()
		for range 3 {
			lease := mustLock(t, l, "k")
			if err := lease.Unlock(t.Context()); err != nil {
				t.Errorf("Unlock: %v", err)
			}
		}
		if took := time.Since(start); took != 0 {
			t.Errorf("got %v of fake time, want none", took)
		}
	})
}

// Silence proves nothing: without a majority of answers the error is ErrNoQuorum, and it names who is missing.
func TestSilentMajorityIsNoQuorum(t *testing.T) {
	for name, f := range map[string]memory.Fault{"dead": memory.Dead, "hung": memory.Hung, "mute": memory.Mute} {
		bubble(t, func(t *testing.T, mode Mode) {
			nodes := memories(t, 5)
			l := on(t, nodes, Config{Mode: mode})
			fail(nodes, 3, f)
			for range 2 {
				start := time.Now()
				_, err := l.TryLock(t.Context(), "k")
				wantIs(t, err, ErrNoQuorum)
				if errors.Is(err, ErrHeld) || errors.Is(err, context.DeadlineExceeded) {
					t.Errorf("%s: got %v, which matches ErrHeld or a context's end", name, err)
				}
				for _, m := range nodes[:3] {
					if !strings.Contains(err.Error(), m.Name) {
						t.Errorf("%s: got %q, want it to name %s", name, err, m.Name)
					}
				}
				if strings.Contains(err.Error(), nodes[4].Name) {
					t.Errorf("%s: got %q, want it not to name %s, which answered", name, err, nodes[4].Name)
				}
				if took := time.Since(start); took > l.cfg.NodeTimeout {
					t.Errorf("%s: took %v, want at most NodeTimeout", name, took)
				}
			}
		})
	}
}

// R3 and R4: a grant whose reply was lost is not mistaken for somebody else's, and does not stay.
func TestLostReplyIsNotHeld(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{Mode: mode})
		fail(nodes, 2, memory.Mute)
		_, err := l.TryLock(t.Context(), "k")
		wantIs(t, err, ErrNoQuorum)
		fail(nodes, 0, memory.Healthy)
		time.Sleep(soon)
		if got := keys(nodes, "k"); got != 0 {
			t.Errorf("got the key on %d nodes, want 0", got)
		}
		mustLock(t, l, "k")
	})
}

// Nodes that were down take part again when they are back.
func TestNodesTakePartAgain(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{Mode: mode})
		fail(nodes, 2, memory.Dead)
		_, err := l.TryLock(t.Context(), "k")
		wantIs(t, err, ErrNoQuorum)
		time.Sleep(time.Hour)
		fail(nodes, 0, memory.Healthy)
		time.Sleep(soon)
		lease, err := l.TryLock(t.Context(), "k")
		if err != nil {
			t.Fatalf("TryLock: %v", err)
		}
		synctest.Wait()
		if got := holders(nodes, "k", lease.Owner()); got != 3 {
			t.Errorf("got the owner on %d nodes, want 3", got)
		}
	})
}

// Many goroutines, one key: each gets it, one at a time, with rising fences.
func TestContendersTakeTurns(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 3)
		var inside, most, turns int
		var last uint64
		var mu sync.Mutex
		var wg sync.WaitGroup
		for range 4 {
			l := on(t, nodes, Config{Mode: mode})
			wg.Go(func() {
				for range 5 {
					err := l.Do(t.Context(), "k", func(_ context.Context, lease *Lease) error {
						mu.Lock()
						inside++
						most, turns = max(most, inside), turns+1
						if mode == Fenced && lease.Fence() <= last {
							t.Errorf("got fence %d after %d", lease.Fence(), last)
						}
						last = lease.Fence()
						mu.Unlock()
						time.Sleep(20 * time.Millisecond)
						mu.Lock()
						inside--
						mu.Unlock()
						return nil
					})
					if err != nil {
						t.Errorf("Do: %v", err)
					}
				}
			})
		}
		wg.Wait()
		if most != 1 || turns != 20 {
			t.Errorf("got %d turns and at most %d inside, want 20 and 1", turns, most)
		}
	})
}
