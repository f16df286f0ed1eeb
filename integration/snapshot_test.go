package integration

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// R6: nodes that all come back with an old state, from an RDB file or from a copy of their disks, remember an old meta
// key, an old lock and old fence counters. None votes before every lock that it could have forgotten is over, and fences
// rise all the same.
func TestOldStateOnEveryNode(t *testing.T) {
	t.Parallel()
	for _, persist := range []cluster.Persist{cluster.PersistNo, cluster.PersistAlways} {
		t.Run("appendfsync "+string(persist), func(t *testing.T) {
			t.Parallel()
			c := counting(t, "memory")
			n := processes(t, cluster.Spec{Nodes: 3, Persist: persist})
			cfg := redlock.Config{TTL: time.Second, MaxTTL: 2 * time.Second}
			l := dial(t, n.Addrs(), cfg)
			first := lock(t, l, "key")
			n.heldBy(t, "key", first.Owner(), n.all()...) // every node has a counter
			unlock(t, first)
			old := make([]cluster.Files, len(n.all()))
			for i := range old {
				if persist == cluster.PersistNo {
					n.ask(t, i, "SAVE")
				}
				var err error
				if old[i], err = n.Node(i).Files(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			var last uint64
			for range 20 {
				lease := lock(t, l, "key")
				last = lease.Fence()
				unlock(t, lease)
			}
			n.kill(t, n.all()...)
			for i, files := range old {
				if err := n.Node(i).Put(t.Context(), files); err != nil {
					t.Fatal(err)
				}
			}
			began := time.Now()
			n.revive(t, cluster.Keep, n.all()...)
			for i := range old {
				counter, meta := n.ask(t, i, "GET", library+"fence:{key}"), n.ask(t, i, "GET", library+"meta")
				if meta == "" || counter == "" || counter.(string) >= fmt.Sprint(last/64) {
					t.Fatalf("nothing was proved: node %d has the meta key %q and the counter %q after the fence %d", i, meta, counter, last)
				}
			}
			eventually(t, patience, func() error { // the first try may meet the connections of before
				_, err := l.TryLock(t.Context(), "key")
				if err == nil || strings.Count(err.Error(), forgotten) < 2 {
					return fmt.Errorf("got %v, want nodes that may have forgotten votes", err)
				}
				return nil
			})
			next := lock(t, l, "key")
			if waited := time.Since(began); waited < cfg.MaxTTL {
				c.violated("got the lock %v after the old state was brought back, want over the longest TTL, %v", waited, cfg.MaxTTL)
			}
			if next.Fence() <= last {
				c.violated("got the fence %d after %d", next.Fence(), last)
			}
			unlock(t, next)
			if persist == cluster.PersistNo {
				c.count("restarts_old_rdb", len(old))
			} else {
				c.count("restarts_old_disk", len(old))
			}
			c.count("acquisitions", 22)
		})
	}
}

// A server that is killed loses nothing that it had written: 30 of 30 acknowledged locks are there when it comes back,
// the last of them acknowledged in the moment of its death.
func TestKilledServerKeepsWhatItAcknowledged(t *testing.T) {
	t.Parallel()
	for _, kind := range []cluster.Kind{cluster.Process, cluster.Docker} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			c := counting(t, "memory")
			n := loss{spec: cluster.Spec{Kind: kind, Nodes: 1}}.nodes(t)
			l := dial(t, n.Addrs(), redlock.Config{TTL: time.Minute, MaxTTL: time.Minute, NoRenew: true})
			var mu sync.Mutex
			owners := map[string]string{}
			var working sync.WaitGroup
			for w := range 4 {
				working.Go(func() {
					for i := 0; ; i++ {
						lease, err := l.TryLock(t.Context(), fmt.Sprintf("key %d/%d", w, i))
						if err != nil {
							return // it is dead
						}
						mu.Lock()
						owners[lease.Key()] = lease.Owner()
						mu.Unlock()
					}
				})
			}
			eventually(t, patience, func() error {
				mu.Lock()
				defer mu.Unlock()
				if len(owners) < 30 {
					return fmt.Errorf("got %d locks, want 30", len(owners))
				}
				return nil
			})
			n.kill(t, 0)
			working.Wait()
			n.revive(t, cluster.Keep, 0)
			lost := 0
			for key, owner := range owners {
				if value := n.ask(t, 0, "GET", key); value != owner {
					lost++
				}
			}
			if lost > 0 {
				c.violated("%d of %d acknowledged locks were lost", lost, len(owners))
			}
			c.count("restarts", 1)
			c.count("acquisitions", len(owners))
		})
	}
}

// What nodes are said to be is believed as far as it goes. Nodes that forget nothing by a restart (DurableNodes) vote at
// once after one, and refuse whoever wants what is held; new ones (Fresh) vote at once, and those that forget later, by
// whatever, do not.
func TestDeclaredNodes(t *testing.T) {
	t.Parallel()
	c := counting(t, "memory")
	n := processes(t, cluster.Spec{Nodes: 3})
	cfg := redlock.Config{TTL: time.Minute, DurableNodes: true}
	l, rival := dial(t, n.Addrs(), cfg), dial(t, n.Addrs(), cfg)
	lease := tryLock(t, l, "held") // they are new
	n.heldBy(t, "held", lease.Owner(), n.all()...)
	n.kill(t, n.all()...)
	n.revive(t, cluster.Keep, n.all()...)
	takesPart(t, n, l, rival) // sooner than in a minute
	other, err := rival.TryLock(t.Context(), "held")
	if err == nil {
		c.violated("got a second holder, fence %d after %d", other.Fence(), lease.Fence())
	}
	wantErr(t, err, redlock.ErrHeld)
	unlock(t, lease)
	cycle(t, rival, "held")

	n.tell(t, []int{0, 1}, "FLUSHALL")
	_, err = rival.TryLock(t.Context(), "key")
	wantErr(t, err, redlock.ErrNoQuorum)
	if err != nil && strings.Count(err.Error(), forgotten) != 2 {
		t.Errorf("got %v, want two nodes that may have forgotten votes", err)
	}
	c.count("restarts", 3)
	c.count("flushes", 2)
	c.count("acquisitions", 2)
}
