package integration

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/internal/record"
	"github.com/quorumlock/quorumlock/redlock"
)

// Many Locks, cancelled at random moments or unlocked, while nodes hang and go on, some before and some after their
// clients have given them up: when the last node goes on, no key is left on any. The TTL is longer than the test, so
// that what was left at any time would still be there.
func TestNothingIsLeftThroughCancelsAndHangs(t *testing.T) {
	t.Parallel()
	cycles := asked(t, cyclesVariable, 20_000)
	for _, c := range []struct {
		kind  cluster.Kind
		share int64 // of a hundred
	}{{cluster.Process, 90}, {cluster.Docker, 10}} {
		t.Run(string(c.kind), func(t *testing.T) {
			needDocker(t) // redis-server is where an engine is
			nothingStays(t, c.kind, cycles*c.share/100)
		})
	}
}

func nothingStays(t *testing.T, kind cluster.Kind, cycles int64) {
	const timeout, chunk = time.Second, 100
	n := start(t, cluster.Spec{Kind: kind, Nodes: 5, Persist: cluster.PersistNo})
	cfg := redlock.Config{TTL: 3 * time.Hour, MaxTTL: 3 * time.Hour, NodeTimeout: timeout}
	lockers := []*redlock.Locker{dial(t, n.Addrs(), cfg), dial(t, n.Addrs(), cfg), using(t, n.Addrs(), cfg)}
	for _, l := range lockers {
		cycle(t, l, "key") // the connections are open
	}
	var done, won atomic.Int64
	var working sync.WaitGroup
	defer working.Wait()
	for i, l := range lockers {
		working.Go(func() {
			own := func(k int) string { return fmt.Sprintf("%d/%s", i, cancelKey(k)) }
			within := aRound
			for turn := 0; done.Load() < cycles && !t.Failed(); turn++ {
				key := own
				if turn%4 == 0 { // they are in each other's way
					key = cancelKey
				}
				got := cancelled(t, chunk, l, within, key)
				switch { // machines differ: about half are to be cancelled in time
				case got < chunk/4:
					within = min(2*within, timeout/2)
				case got > chunk*3/4:
					within = max(within/2, time.Millisecond/2)
				}
				won.Add(got)
				done.Add(chunk)
			}
		})
	}
	brief, long := 0, 0 // freezes that the clients wait out, and others
	for turn := 0; (done.Load() < cycles || brief == 0 || long == 0) && !t.Failed(); turn++ {
		hung := rand.Perm(5)[:1+turn%2]
		frozen := timeout/10 + rand.N(timeout/2)
		if turn%3 == 2 {
			frozen += timeout
		}
		n.pause(t, hung...)
		time.Sleep(frozen)
		n.resume(t, hung...)
		if frozen < timeout {
			brief += len(hung)
		} else {
			long += len(hung)
		}
		time.Sleep(rand.N(500 * time.Millisecond))
	}
	working.Wait()
	stopped := time.Now()
	n.nothingLeftWithin(t, patience, n.all()...) // not soon: the machine is busy, and no TTL helps
	took := time.Since(stopped)
	t.Logf("%d cycles, of which %d held the key, through %d freezes shorter and %d longer than %v; nothing was left %v later",
		done.Load(), won.Load(), brief, long, timeout, took.Round(time.Millisecond))
	if won.Load() == 0 || won.Load() == done.Load() {
		t.Errorf("%d of %d locks won against their cancel: nothing was proved", won.Load(), done.Load())
	}
	takesPart(t, n, lockers...)
	record.Add(t, record.Figures{
		"cycles": float64(done.Load()), "held": float64(won.Load()), "cancelled": float64(done.Load() - won.Load()),
		"nodes": 5, "fault_freeze_that_clients_wait_out": float64(brief), "fault_freeze_longer_than_they_wait": float64(long),
		"seconds_until_nothing_was_left": took.Seconds(), "keys_left": 0,
	}, "")
}
