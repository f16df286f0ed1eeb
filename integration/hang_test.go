package integration

import (
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// hangs are how a server that runs answers nothing: stopped by a signal, or busy with itself. Those that only hang writes
// are faults beside these.
var hangs = []struct {
	name  string
	begin func(t testing.TB, n *nodes, node int)
	end   func(t testing.TB, n *nodes, node int)
}{
	{"SIGSTOP", func(t testing.TB, n *nodes, node int) { n.pause(t, node) }, func(t testing.TB, n *nodes, node int) { n.resume(t, node) }},
	{"DEBUG SLEEP", func(t testing.TB, n *nodes, node int) {
		asleep := n.direct[node].WithTimeout(time.Minute)
		go asleep.Do(t.Context(), "DEBUG", "SLEEP", "1.5") // answered when it is over
	}, func(testing.TB, *nodes, int) {}},
}

// A server that hangs is done without: leases live on and are given, and when it goes on it takes part again, with nothing
// left of what it was sent meanwhile.
func TestHungServerIsDoneWithout(t *testing.T) {
	t.Parallel()
	for _, h := range hangs {
		t.Run(h.name, func(t *testing.T) {
			t.Parallel()
			n := processes(t, cluster.Spec{Nodes: 3, Args: []string{"--enable-debug-command", "local"}})
			l, rival := dial(t, n.Addrs(), redlock.Config{}), dial(t, n.Addrs(), redlock.Config{})
			across := lock(t, l, "across")
			n.heldBy(t, "across", across.Owner(), n.all()...)
			h.begin(t, n, 1)
			for began := time.Now(); time.Since(began) < time.Second; {
				unlock(t, tryLock(t, rival, "key"))
				held(t, across, rival)
			}
			h.end(t, n, 1)
			takesPart(t, n, l, rival)
			unlock(t, across)
			n.nothingLeft(t)
		})
	}
}

// A server that reloads its data keeps its votes, and goes on voting at once: nothing was forgotten.
func TestReloadedServerRemembers(t *testing.T) {
	t.Parallel()
	c := counting(t, "memory")
	n := processes(t, cluster.Spec{Nodes: 3, Args: []string{"--enable-debug-command", "local"}})
	l, rival := dial(t, n.Addrs(), redlock.Config{}), dial(t, n.Addrs(), redlock.Config{})
	lease := lock(t, l, "key")
	n.heldBy(t, "key", lease.Owner(), n.all()...)
	n.tell(t, n.all(), "DEBUG", "RELOAD")
	takesPart(t, n, rival) // sooner than in 30s, the longest TTL
	other, err := rival.TryLock(t.Context(), "key")
	if err == nil {
		c.violated("got a second holder, fence %d after %d", other.Fence(), lease.Fence())
	}
	wantErr(t, err, redlock.ErrHeld)
	unlock(t, lease)
	cycle(t, rival, "key")
	c.count("reloads", len(n.all()))
	c.count("acquisitions", 2)
}
