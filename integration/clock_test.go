package integration

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// clocked returns nodes whose clocks can be set: processes of redis-server, not containers, which share the machine's.
func clocked(t testing.TB, count int) *nodes {
	t.Helper()
	return processes(t, cluster.Spec{Nodes: count, Clocks: true})
}

func step(t testing.TB, n *nodes, node int, by time.Duration) {
	t.Helper()
	if err := n.Node(node).Clock().Step(by); err != nil {
		t.Fatal(err)
	}
}

func rate(t testing.TB, n *nodes, node int, times float64) {
	t.Helper()
	if err := n.Node(node).Clock().Rate(times); err != nil {
		t.Fatal(err)
	}
}

// Nodes whose clocks are far apart and far from the client's, one of them twice as fast as it should be, keep exclusion and
// the order of fences; the one that is too fast has no vote.
func TestClocksThatDisagree(t *testing.T) {
	t.Parallel()
	c := counting(t, "clocks")
	n := clocked(t, 5)
	for i, ahead := range []time.Duration{30 * time.Second, -60 * time.Second, 0, 0, 0} {
		step(t, n, i, ahead-time.Hour) // all are behind the client
	}
	rate(t, n, 2, 2)
	cfg := redlock.Config{TTL: 4 * time.Second, MaxTTL: 4 * time.Second} // which a busy machine does not lose
	var holders atomic.Int32
	var last atomic.Uint64
	var wg sync.WaitGroup
	for range 3 {
		l := dial(t, n.Addrs(), cfg)
		wg.Go(func() {
			for range 40 {
				lease, err := l.Lock(bounded(t, patience), "key")
				if err != nil {
					t.Error(err)
					return
				}
				if now := holders.Add(1); now != 1 {
					c.violated("got %d holders", now)
				}
				if before := last.Swap(lease.Fence()); before >= lease.Fence() {
					c.violated("got the fence %d after %d", lease.Fence(), before)
				}
				c.count("acquisitions", 1)
				time.Sleep(time.Millisecond)
				holders.Add(-1)
				if err := lease.Unlock(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	l := dial(t, n.Addrs(), cfg)
	for range 5 {
		cycle(t, l, "slow")
		time.Sleep(100 * time.Millisecond)
	}
	lease := lock(t, l, "slow")
	time.Sleep(50 * time.Millisecond)
	if got := n.holders(t, "slow", 2); got[0] == lease.Owner() {
		c.violated("got a vote from the node whose clock is twice as fast")
	}
	c.count("offsets", len(n.all()))
	c.count("rates", 1)
}

// A minority of nodes that step while a lock is held forget it at once, or keep it for far longer than they ought to.
// Nobody else gets it, and its holder keeps it; when it is released the next one gets it, with a larger fence.
func TestClockThatStepsWhileALockIsHeld(t *testing.T) {
	t.Parallel()
	for _, by := range []time.Duration{30 * time.Second, -30 * time.Second} {
		t.Run(by.String(), func(t *testing.T) {
			t.Parallel()
			c := counting(t, "clocks")
			n := clocked(t, 5)
			cfg := redlock.Config{TTL: 4 * time.Second, MaxTTL: 4 * time.Second}
			l, rival := dial(t, n.Addrs(), cfg), dial(t, n.Addrs(), cfg)
			cycle(t, rival, "key")
			lease := lock(t, l, "key")
			n.heldBy(t, "key", lease.Owner(), n.all()...)
			step(t, n, 0, by)
			step(t, n, 1, by)
			for began := time.Now(); time.Since(began) < 2*time.Second; time.Sleep(10 * time.Millisecond) {
				if other, err := rival.TryLock(t.Context(), "key"); err == nil && lease.Err() == nil {
					c.violated("got a second holder, fence %d after %d", other.Fence(), lease.Fence())
					return
				}
			}
			if lease.Err() != nil {
				t.Errorf("got %v, want the lease held by the three nodes that did not step", lease.Err())
			}
			fence := lease.Fence()
			unlock(t, lease)
			next := lock(t, rival, "key")
			if next.Fence() <= fence {
				c.violated("got the fence %d after %d", next.Fence(), fence)
			}
			unlock(t, next)
			c.count("steps", 2)
			c.count("acquisitions", 3)
		})
	}
}

// Whoever waits for a key gets it when it is released, and not before, although nodes step to and fro meanwhile, one after
// the other; and the fences rise.
func TestClocksThatStepWhileOneWaits(t *testing.T) {
	t.Parallel()
	c := counting(t, "clocks")
	n := clocked(t, 5)
	l, waiter := dial(t, n.Addrs(), short(redlock.Fenced)), dial(t, n.Addrs(), short(redlock.Fenced))
	cycle(t, waiter, "key")
	last := uint64(0)
	for turn := range 4 {
		lease := lock(t, l, "key")
		if lease.Fence() <= last {
			c.violated("got the fence %d after %d", lease.Fence(), last)
		}
		n.heldBy(t, "key", lease.Owner(), 4) // the others may have no vote yet, after the last turn
		got := make(chan *redlock.Lease, 1)
		ctx := bounded(t, patience)
		go func() {
			defer close(got)
			next, err := waiter.Lock(ctx, "key")
			if err != nil {
				t.Error(err)
				return
			}
			got <- next
		}()
		time.Sleep(50 * time.Millisecond) // it waits
		step(t, n, turn%2, []time.Duration{10 * time.Second, -time.Minute, -10 * time.Second, time.Minute}[turn])
		select {
		case next := <-got:
			if lease.Err() == nil {
				c.violated("the waiter ended while the key was held: %v", next)
			}
		case <-time.After(300 * time.Millisecond):
		}
		unlock(t, lease)
		next := <-got
		if next == nil {
			return
		}
		if next.Fence() <= lease.Fence() {
			c.violated("got the fence %d after %d", next.Fence(), lease.Fence())
		}
		last = next.Fence()
		unlock(t, next)
		c.count("steps", 1)
		c.count("acquisitions", 2)
	}
}

// Beyond the assumptions: when a majority steps forward, who has not seen its clocks before gets a lock that somebody else
// still holds. Its fence is larger all the same, which is what a storage needs; and when the clocks step back again, fences
// go on from there.
func TestFencesSurviveAMajorityThatSteps(t *testing.T) {
	t.Parallel()
	c := counting(t, "clocks")
	n := clocked(t, 3)
	cfg := redlock.Config{TTL: 10 * time.Second, MaxTTL: 10 * time.Second}
	l := dial(t, n.Addrs(), cfg)
	lease := lock(t, l, "key")
	n.heldBy(t, "key", lease.Owner(), n.all()...)
	last := lease.Fence()
	for _, by := range []time.Duration{30 * time.Second, -45 * time.Second, 15 * time.Second} {
		for i := range n.all() {
			step(t, n, i, by)
		}
		next := lock(t, dial(t, n.Addrs(), cfg), "key")
		if next.Fence() <= last {
			c.violated("got the fence %d after %d", next.Fence(), last)
		}
		last = next.Fence()
		unlock(t, next)
		c.count("steps", len(n.all()))
		c.count("acquisitions", 1)
	}
}

// A node that steps says that it has stepped, and when it votes again.
func TestNodeThatStepsIsNamed(t *testing.T) {
	t.Parallel()
	n := clocked(t, 3)
	l := dial(t, n.Addrs(), short(redlock.Fenced))
	for range 3 {
		cycle(t, l, "key")
	}
	time.Sleep(50 * time.Millisecond) // for those that answer after the majority
	step(t, n, 0, -time.Minute)
	step(t, n, 1, time.Minute)
	_, err := l.TryLock(t.Context(), "key")
	wantErr(t, err, redlock.ErrNoQuorum)
	says(t, err, clockStepped, n.Addrs()[0], n.Addrs()[1])
	cycle(t, l, "key") // waits for that
}

// A6: a node whose clock is further off the others' than a node that forgot its votes would wait is named by Check, and
// votes all the same.
func TestSkewIsReported(t *testing.T) {
	t.Parallel()
	n := clocked(t, 3)
	step(t, n, 0, -time.Hour)
	step(t, n, 1, time.Second)
	l := dial(t, n.Addrs(), redlock.Config{TTL: 2 * time.Second, MaxTTL: 4 * time.Second})
	cycle(t, l, "key")
	h, err := l.Check(t.Context())
	if err != nil || h.Voting() != 3 {
		t.Fatalf("got %d voting, %v", h.Voting(), err)
	}
	for i, want := range []time.Duration{-time.Hour, time.Second, 0} {
		got := h.Nodes[i]
		if (got.Skew-want).Abs() > time.Second/2 || (got.Warning != "") != (i == 0) {
			t.Errorf("node %d: got a skew of %v and the warning %q, want %v", i, got.Skew, got.Warning, want)
		}
	}
}
