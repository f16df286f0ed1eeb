package redlock

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2/server"

	"github.com/quorumlock/quorumlock/internal/memory"
)

// process returns a locker that stands for a process of its own on the nodes.
func process(t *testing.T, nodes []*memory.Node) *Locker {
	t.Helper()
	return on(t, nodes, Config{})
}

// lockLater locks in a goroutine, and sends the lease.
func lockLater(t *testing.T, ctx context.Context, l *Locker) <-chan *Lease {
	t.Helper()
	got := make(chan *Lease, 1)
	go func() {
		if lease, err := l.Lock(ctx, "k"); err == nil {
			got <- lease
		}
	}()
	synctest.Wait()
	return got
}

// A waiter in another process gets the key at the moment in which it is given back, and not when it looks again; nodes
// between which nothing takes time make that the same instant.
func TestWaiterIsWoken(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := memories(t, 5)
		first, second := process(t, nodes), process(t, nodes)
		lease := mustLock(t, first, "k")
		got := lockLater(t, t.Context(), second)
		time.Sleep(time.Minute)
		unlocked := time.Now()
		if err := lease.Unlock(t.Context()); err != nil {
			t.Fatal(err)
		}
		next := <-got
		if waited := time.Since(unlocked); waited != 0 {
			t.Errorf("got the key %v after it was given back, want at once", waited)
		}
		if next.Fence() <= lease.Fence() {
			t.Errorf("got fence %d after %d", next.Fence(), lease.Fence())
		}
	})
}

// While a lease is held and extended, those who wait for it ask the nodes nothing.
func TestWaitersDoNotPoll(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := memories(t, 3)
		holder, waiter := process(t, nodes), process(t, nodes)
		const count = 20
		for i := range count {
			mustLock(t, holder, fmt.Sprint("k", i))
			go func() { _, _ = waiter.Lock(t.Context(), fmt.Sprint("k", i)) }()
		}
		time.Sleep(5 * time.Second)
		var asked atomic.Int64
		answer := nodes[0].Answer
		nodes[0].Server().SetPreHook(func(c *server.Peer, cmd string, args ...string) bool {
			if cmd == "EVALSHA" {
				asked.Add(1)
			}
			return answer(c, cmd, args...)
		})
		time.Sleep(time.Minute)
		// Every key is extended every 3 to 3.7 seconds, and some of them together.
		if most := int64(count * 20); asked.Load() > most || asked.Load() < most/4 {
			t.Errorf("got %d scripts in a minute, want some, and at most %d: those of the renewals", asked.Load(), most)
		}
		if n := nodes[0].CurrentConnectionCount(); n > 6 {
			t.Errorf("got %d connections from two processes to a node, want a few for locks and one to listen", n)
		}
	})
}

// The key of a holder that is gone without a word goes on when the time that the nodes told is over, and not before.
func TestKeyOfACrashedHolderExpires(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := memories(t, 5)
		waiter := on(t, nodes, Config{TTL: 2 * time.Second})
		began := time.Now()
		for _, n := range nodes {
			_ = n.Miniredis.Set("k", "whoever was there")
			n.SetTTL("k", 2*time.Second)
		}
		next := mustLock(t, waiter, "k")
		if after := time.Since(began); after < 2*time.Second || after > 2050*time.Millisecond {
			t.Errorf("got the key after %v, want 2s and at most 50ms", after)
		}
		_ = next.Unlock(t.Context())
	})
}

// A connection on which nothing is heard any more costs no wake-up: what was missed is asked for.
func TestLostSubscriptionIsMadeUpFor(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := memories(t, 3)
		first, second := process(t, nodes), process(t, nodes)
		lease := mustLock(t, first, "k")
		got := lockLater(t, t.Context(), second)
		time.Sleep(time.Second)
		unlocked := time.Now()
		for _, n := range nodes {
			n.Reset()
		}
		_ = lease.Unlock(t.Context())
		next := <-got
		if waited := time.Since(unlocked); waited > time.Second {
			t.Errorf("got the key after %v, want sooner than that", waited)
		}
		_ = next.Unlock(t.Context())
	})
}

// Where an ACL forbids to announce, waiters ask again, as Backoff says, and Check tells.
func TestWaitersPollWhereNothingIsAnnounced(t *testing.T) {
	for _, forbidden := range []string{"PUBLISH", "SUBSCRIBE", "PUBSUB", "ZPOPMIN", "ZADD"} {
		t.Run(forbidden, func(t *testing.T) {
			alone(t, func(t *testing.T) {
				nodes := memories(t, 3)
				for _, n := range nodes {
					forbid(n, forbidden)
				}
				first, second := process(t, nodes), process(t, nodes)
				lease := mustLock(t, first, "k")
				got := lockLater(t, t.Context(), second)
				time.Sleep(5 * time.Second)
				unlocked := time.Now()
				_ = lease.Unlock(t.Context())
				_ = (<-got).Unlock(t.Context())
				if waited := time.Since(unlocked); waited > 250*time.Millisecond {
					t.Errorf("got the key after %v, want at most the longest pause, 250ms", waited)
				}
				h, err := second.Check(t.Context())
				if err != nil || !strings.Contains(h.Nodes[0].Warning, "NOPERM") || !strings.Contains(h.Nodes[0].Warning, "announce") || h.Nodes[0].Silent == "" {
					t.Errorf("got %v, the warning %q and %q, want both about announcements", err, h.Nodes[0].Warning, h.Nodes[0].Silent)
				}
			})
		})
	}
}

// forbid has a node refuse a command, also to scripts.
func forbid(n *memory.Node, forbidden string) {
	answer := n.Answer
	n.Server().SetPreHook(func(c *server.Peer, cmd string, args ...string) bool {
		if cmd == forbidden {
			c.WriteError("NOPERM this user has no permissions to run the '" + strings.ToLower(cmd) + "' command")
			return true
		}
		return answer(c, cmd, args...)
	})
}

// Who knows nothing of announcements, and gives the key back, is noticed within seconds.
func TestStrangersReleaseIsNoticed(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := memories(t, 3)
		l := process(t, nodes)
		for _, n := range nodes {
			_ = n.Miniredis.Set("k", "a stranger")
			n.SetTTL("k", time.Minute)
		}
		got := lockLater(t, t.Context(), l)
		time.Sleep(20 * time.Second)
		unlocked := time.Now()
		for _, n := range nodes {
			n.Del("k")
		}
		_ = (<-got).Unlock(t.Context())
		if waited := time.Since(unlocked); waited > 2100*time.Millisecond {
			t.Errorf("got the key after %v, want 2s at most", waited)
		}
	})
}

// A refusal says who has the key and for how long, if it is one of this library's owners.
func TestRefusalNamesTheHolder(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := memories(t, 3)
		first, second := process(t, nodes), process(t, nodes)
		lease := mustLock(t, first, "k")
		_, err := second.TryLock(t.Context(), "k")
		wantIs(t, err, ErrHeld)
		if want := "held by " + lease.Owner() + " for another 10s"; !strings.Contains(err.Error(), want) {
			t.Errorf("got %q, want it to say %q", err, want)
		}
		for _, n := range nodes {
			_ = n.Miniredis.Set("session", "a password, and no lock at all...36ch")
		}
		if _, err := second.TryLock(t.Context(), "session"); err == nil || strings.Contains(err.Error(), "password") {
			t.Errorf("got %v, want an error without what is stored there", err)
		}
	})
}
