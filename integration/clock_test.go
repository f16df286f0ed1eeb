package integration

import (
	"os"
	"os/exec"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// clocked returns nodes whose clocks can be set: processes of redis-server, not containers, which share the machine's.
func clocked(t *testing.T, count int) *nodes {
	t.Helper()
	_, noCompiler := exec.LookPath("cc")
	_, noRedis := exec.LookPath("redis-server")
	if runtime.GOOS != "linux" || noCompiler != nil || noRedis != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("in CI nothing may skip: this takes Linux, a C compiler and redis-server")
		}
		t.Skip("takes Linux, a C compiler and redis-server")
	}
	return start(t, cluster.Spec{Kind: cluster.Process, Nodes: count, Clocks: true})
}

func step(t *testing.T, n *nodes, node int, by time.Duration) {
	t.Helper()
	if err := n.Node(node).Clock().Step(by); err != nil {
		t.Fatal(err)
	}
}

// Nodes whose clocks are far apart, one of them twice as fast as it should be, keep exclusion and the order of fences; the
// one that is too fast has no vote.
func TestClocksThatDisagree(t *testing.T) {
	t.Parallel()
	n := clocked(t, 5)
	step(t, n, 0, 30*time.Second)
	step(t, n, 1, -60*time.Second)
	if err := n.Node(2).Clock().Rate(2); err != nil {
		t.Fatal(err)
	}
	var holders atomic.Int32
	var last atomic.Uint64
	var wg sync.WaitGroup
	for range 3 {
		l := dial(t, n.Addrs(), short(redlock.Fenced))
		wg.Go(func() {
			for range 100 {
				lease, err := l.Lock(bounded(t, patience), "key")
				if err != nil {
					t.Error(err)
					return
				}
				if now := holders.Add(1); now != 1 {
					t.Errorf("got %d holders", now)
				}
				if before := last.Swap(lease.Fence()); before >= lease.Fence() {
					t.Errorf("got the fence %d after %d", lease.Fence(), before)
				}
				time.Sleep(time.Millisecond)
				holders.Add(-1)
				if err := lease.Unlock(t.Context()); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	l := dial(t, n.Addrs(), short(redlock.Fenced))
	for range 5 {
		cycle(t, l, "slow")
		time.Sleep(100 * time.Millisecond)
	}
	lease := lock(t, l, "slow")
	time.Sleep(50 * time.Millisecond)
	if got := n.holders(t, "slow", 2); got[0] == lease.Owner() {
		t.Error("got a vote from the node whose clock is twice as fast")
	}
}

// A minority of nodes that step forward while a lock is held forget it at once. Nobody else gets it, and they have no
// vote until every lock of before is over.
func TestClockThatStepsWhileALockIsHeld(t *testing.T) {
	t.Parallel()
	n := clocked(t, 5)
	cfg := redlock.Config{TTL: 2 * time.Second, MaxTTL: 2 * time.Second}
	l, rival := dial(t, n.Addrs(), cfg), dial(t, n.Addrs(), cfg)
	cycle(t, rival, "key")
	lease := lock(t, l, "key")
	n.heldBy(t, "key", lease.Owner(), n.all()...)
	step(t, n, 0, 30*time.Second)
	step(t, n, 1, 30*time.Second)
	for began := time.Now(); time.Since(began) < 3*time.Second; time.Sleep(10 * time.Millisecond) {
		other, err := rival.TryLock(t.Context(), "key")
		if err == nil {
			t.Fatalf("got a second holder, fence %d after %d", other.Fence(), lease.Fence())
		}
	}
	if lease.Err() != nil {
		t.Errorf("got %v, want the lease held by the three nodes that did not step", lease.Err())
	}
	fence := lease.Fence()
	unlock(t, lease)
	next := lock(t, rival, "key")
	if next.Fence() <= fence {
		t.Errorf("got the fence %d after %d", next.Fence(), fence)
	}
	unlock(t, next)
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
	says(t, err, "its clock has stepped: it votes again at ", n.Addrs()[0], n.Addrs()[1])
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
