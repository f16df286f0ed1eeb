package integration

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// A lease stands on every node as its owner under the key, with an expiry of at most its TTL; it can be extended; after
// Unlock nothing of it is left; and every later holder's fence is larger, whoever it is.
func TestLeaseIsItsOwnerUnderTheKey(t *testing.T) {
	for _, count := range []int{1, 3, 5} {
		t.Run(fmt.Sprintf("%d nodes", count), func(t *testing.T) {
			n := start(t, cluster.Spec{Nodes: count})
			eachMode(t, func(t *testing.T, mode redlock.Mode) {
				cfg := redlock.Config{Mode: mode, TTL: 5 * time.Second}
				lockers := []*redlock.Locker{dial(t, n.Addrs(), cfg), dial(t, n.Addrs(), cfg), using(t, n.Addrs(), cfg)}
				var fence uint64
				for i := range 12 {
					lease := lock(t, lockers[i%len(lockers)], "key")
					n.heldBy(t, "key", lease.Owner(), n.all()...)
					for _, index := range n.all() {
						left, ok := n.ask(t, index, "PTTL", "key").(int64)
						if !ok || left <= 0 || left > cfg.TTL.Milliseconds() {
							t.Errorf("node %d: got a PTTL of %v, want up to %v", index, left, cfg.TTL)
						}
					}
					if err := lease.Extend(t.Context()); err != nil {
						t.Errorf("extend: %v", err)
					}
					switch got := lease.Fence(); {
					case mode == redlock.Plain && got != 0:
						t.Errorf("got fence %d from a plain locker", got)
					case mode == redlock.Fenced && got <= fence:
						t.Errorf("got fence %d after %d", got, fence)
					default:
						fence = got
					}
					unlock(t, lease)
					wantErr(t, lease.Unlock(t.Context()), redlock.ErrUnlocked)
					wantErr(t, lease.Extend(t.Context()), redlock.ErrUnlocked)
					n.nothingLeft(t)
				}
			})
		})
	}
}

// After 100,000 cycles of several goroutines in both modes, some of them in each other's way, no lock is left on any
// node one second later.
func TestNothingIsLeftAfterManyCycles(t *testing.T) {
	const workers, keys = 64, 48
	cycles := int64(100_000)
	if testing.Short() {
		cycles = 10_000
	}
	n := sharedNodes(t)
	began := time.Now()
	var done, lost atomic.Int64
	var wg sync.WaitGroup
	for _, mode := range modes {
		l := dial(t, n.Addrs(), redlock.Config{Mode: mode})
		for i := range workers / len(modes) {
			wg.Go(func() {
				for turn := i; done.Load() < cycles && !t.Failed(); turn++ {
					lease, err := l.TryLock(t.Context(), fmt.Sprintf("many/%d", turn%keys))
					if err != nil { // somebody has it, or three of us share the votes
						lost.Add(1)
						continue
					}
					if err := lease.Unlock(t.Context()); err != nil {
						t.Errorf("unlock: %v", err)
					}
					done.Add(1)
				}
			})
		}
	}
	wg.Wait()
	took := time.Since(began)
	n.nothingLeft(t)
	if done.Load() < cycles || lost.Load() == 0 {
		t.Errorf("got %d cycles and %d lost rounds, want at least %d and some", done.Load(), lost.Load(), cycles)
	}
	t.Logf("%d cycles and %d lost rounds, %.0f cycles/s", done.Load(), lost.Load(), float64(done.Load())/took.Seconds())
}
