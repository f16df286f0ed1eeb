package integration

import (
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// R6, the classic: one node is down when a lock is taken, another is killed and comes back without its memory, so that a
// majority knows nothing of the lock. Nobody else gets it while it is held, whoever made the clients.
func TestForgottenVoteIsNotGivenTwice(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(testing.TB, []string, redlock.Config) *redlock.Locker{"dial": dial, "clients": using} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			n := start(t, cluster.Spec{Nodes: 3})
			cfg := redlock.Config{TTL: 4 * time.Second, MaxTTL: 4 * time.Second, NoRenew: true}
			holder, rival := open(t, n.Addrs(), cfg), open(t, n.Addrs(), cfg)
			cycle(t, holder, "first")
			cycle(t, rival, "first")
			n.kill(t, 0)
			lease := lock(t, holder, "key")
			n.heldBy(t, "key", lease.Owner(), 1, 2)
			n.revive(t, cluster.Keep, 0)
			n.kill(t, 1)
			n.revive(t, cluster.Forget, 1)
			next, err := rival.Lock(bounded(t, patience), "key")
			if err != nil {
				t.Fatal(err)
			}
			if lease.Err() == nil {
				t.Errorf("got a second holder while the first one had %v left", lease.Left())
			}
			if next.Fence() <= lease.Fence() {
				t.Errorf("got the fence %d after %d", next.Fence(), lease.Fence())
			}
			unlock(t, next)
		})
	}
}

// R6: nodes that were flushed say until when they do not vote.
func TestFlushedNodesWait(t *testing.T) {
	t.Parallel()
	n := start(t, cluster.Spec{})
	l := dial(t, n.Addrs(), short(redlock.Fenced))
	cycle(t, l, "first")
	n.tell(t, n.all(), "FLUSHALL")
	began := time.Now()
	_, err := l.TryLock(t.Context(), "key")
	wantErr(t, err, redlock.ErrNoQuorum)
	says(t, err, "may have forgotten votes: it votes again at ")
	namesMajority(t, err, n)
	if h, err := l.Check(t.Context()); err != nil || h.Nodes[0].VotesIn <= 0 || h.Nodes[0].VotesIn > 2*time.Second {
		t.Errorf("got %+v, %v from Check, want it to tell when the nodes vote", h.Nodes, err)
	}
	cycle(t, l, "key")
	if waited := time.Since(began); waited < time.Second {
		t.Errorf("got the lock %v after the nodes forgot, want over the longest TTL, 1s", waited)
	}
}

// One server under two addresses has one vote.
func TestOneServerUnderTwoAddresses(t *testing.T) {
	n := start(t, cluster.Spec{Nodes: 1})
	addr := n.Addrs()[0]
	twice := []string{addr, strings.Replace(addr, "127.0.0.1", "localhost", 1)}
	says(t, lockFails(t, dial(t, twice, redlock.Config{}), "key"), "is the same server as")
}

// A server that may evict keys has no vote until its policy is mended.
func TestServerThatMayEvict(t *testing.T) {
	n := start(t, cluster.Spec{Nodes: 3})
	n.tell(t, n.all(), "CONFIG", "SET", "maxmemory", "100mb")
	n.tell(t, n.all(), "CONFIG", "SET", "maxmemory-policy", "allkeys-lru")
	l := dial(t, n.Addrs(), redlock.Config{})
	says(t, lockFails(t, l, "key"), "may evict keys, and so forget votes: set maxmemory-policy noeviction")
	if _, err := l.Check(t.Context()); err == nil {
		t.Error("got nodes that may vote from Check")
	}
	n.tell(t, n.all(), "CONFIG", "SET", "maxmemory-policy", "noeviction")
	eventually(t, soon, func() error {
		lease, err := l.TryLock(t.Context(), "key")
		if err == nil {
			unlock(t, lease)
		}
		return err
	})
}

// A server that refuses INFO is used with its meta key alone, and Check says what it could not see.
func TestServerThatRefusesInfo(t *testing.T) {
	n := start(t, cluster.Spec{Nodes: 3})
	n.tell(t, n.all(), "ACL", "SETUSER", "default", "-info")
	l := dial(t, n.Addrs(), short(redlock.Fenced))
	cycle(t, l, "key")
	h, err := l.Check(t.Context())
	if err != nil || !strings.Contains(h.Nodes[0].Unknown, "INFO is refused") {
		t.Errorf("got %+v, %v, want Check to say what is unknown", h.Nodes, err)
	}
	n.tell(t, n.all(), "FLUSHALL")
	_, err = l.TryLock(t.Context(), "key")
	wantErr(t, err, redlock.ErrNoQuorum)
	says(t, err, "may have forgotten votes")
}

// A server that has been up for longer than the longest TTL, and has dropped nothing, remembers all that it voted: new
// to this library, it votes at once.
func TestOldServerVotesAtOnce(t *testing.T) {
	n := start(t, cluster.Spec{Nodes: 3})
	time.Sleep(3500 * time.Millisecond)
	l, err := redlock.Dial(n.Addrs(), redlock.Config{TTL: time.Second, MaxTTL: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeLocker(t, l) })
	lease, err := l.TryLock(t.Context(), "key")
	if err != nil {
		t.Fatal(err)
	}
	unlock(t, lease)
}
