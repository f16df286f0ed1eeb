package declare

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/internal/node"
	"github.com/quorumlock/quorumlock/redlock"
)

// fresh starts three nodes in memory, and returns how to declare them.
func fresh(t *testing.T) (*cluster.Cluster, Config) {
	t.Helper()
	c, err := cluster.Start(t.Context(), cluster.Spec{Kind: cluster.Embedded, Nodes: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c, Config{Addrs: c.Addrs(), Timeout: 5 * time.Second, MaxTTL: 30 * time.Second}
}

func run(t *testing.T, cfg Config) Result {
	t.Helper()
	r, err := Run(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// tell has a node carry out a command.
func tell(t *testing.T, c *cluster.Cluster, index int, command ...any) {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: c.Addrs()[index], DisableIdentity: true})
	defer client.Close()
	if err := client.Do(t.Context(), command...).Err(); err != nil {
		t.Fatal(err)
	}
}

// After the declaration a locker that knows nothing of it locks at once, where it would have waited half a minute.
func TestTheFirstLockNeedNotWait(t *testing.T) {
	c, cfg := fresh(t)
	l, err := redlock.Dial(c.Addrs(), redlock.Config{NodeTimeout: 5 * time.Second})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if _, err := l.TryLock(t.Context(), "k"); err == nil || !strings.Contains(err.Error(), "votes again") {
		t.Fatalf("got %v before the declaration, want it to wait", err)
	}
	if r := run(t, cfg); !r.Declared || r.Forced || r.Nodes[0].State != Declared {
		t.Fatalf("got %+v", r)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	lease, err := l.Lock(ctx, "k")
	if err != nil {
		t.Fatal(err)
	}
	if r := run(t, cfg); r.Declared || r.Nodes[0].State != Refused || r.Nodes[0].Locks != 1 {
		t.Errorf("got %+v while a lock is held, want it refused", r)
	}
	if err := lease.Unlock(t.Context()); err != nil {
		t.Error(err)
	}
	if r := run(t, cfg); !r.Declared || r.Nodes[0].State != Voted || !strings.Contains(fmt.Sprint(r.Nodes[0].Notes), "gave locks within a day") {
		t.Errorf("got %+v, want the nodes to vote already", r)
	}
}

// Nothing is written anywhere as long as one node is refused: the others still wait.
func TestARefusalWritesNothing(t *testing.T) {
	c, cfg := fresh(t)
	tell(t, c, 2, "SET", "orders/1", "x", "PX", 60000)
	if r := run(t, cfg); r.Declared || r.Nodes[0].State != Untouch || r.Nodes[2].State != Refused {
		t.Fatalf("got %+v", r)
	}
	for i := range 3 {
		client := redis.NewClient(&redis.Options{Addr: c.Addrs()[i], DisableIdentity: true})
		if n, err := client.Exists(t.Context(), node.Meta).Result(); n != 0 || err != nil {
			t.Errorf("node %d: got %d meta keys and %v", i, n, err)
		}
		client.Close()
	}
}

// A node that has forgotten what it is part of, and gave locks, may have forgotten one of them, however long ago it gave it: a
// lock is extended without a new fence.
func TestAForgottenLockIsSuspected(t *testing.T) {
	c, cfg := fresh(t)
	for _, ago := range []time.Duration{time.Second, 20 * time.Second, time.Hour} {
		tell(t, c, 1, "SET", node.Counter("k"), time.Now().Add(-ago).UnixMicro()/node.Tick)
		tell(t, c, 1, "DEL", node.Meta)
		r := run(t, cfg)
		if r.Declared || !strings.Contains(fmt.Sprint(r.Nodes[1].Against), "which it may have forgotten") {
			t.Errorf("%v ago: got %+v, want it refused", ago, r.Nodes[1])
		}
	}
}

// Two nodes of three lose their memory, and with it a lock that the third one never gave. That one has given others: then the
// deployment is in use, and those that know nothing are not new.
func TestNodesOfADeploymentInUseAreNotNew(t *testing.T) {
	c, cfg := fresh(t)
	if r := run(t, cfg); !r.Declared {
		t.Fatalf("got %+v", r)
	}
	tell(t, c, 2, "SET", node.Counter("other"), time.Now().Add(-time.Hour).UnixMicro()/node.Tick)
	for i := range 2 {
		tell(t, c, i, "FLUSHALL")
	}
	r := run(t, cfg)
	if r.Declared || r.Nodes[0].State != Refused || r.Nodes[1].State != Refused || !strings.Contains(fmt.Sprint(r.Nodes[0].Against), "may have given locks that it has forgotten") {
		t.Errorf("got %+v, want those that lost their memory refused", r)
	}
	cfg.Force = true
	if r := run(t, cfg); !r.Declared {
		t.Errorf("got %+v by force", r)
	}
}

// A key that could be a lock of any Redlock client counts, and nothing else does.
func TestWhatCouldBeALock(t *testing.T) {
	c, cfg := fresh(t)
	for _, command := range [][]any{{"SET", "data", "x"}, {"RPUSH", "list", "x"}, {"PEXPIRE", "list", 60000}, {"HSET", "hash", "a", "b"},
		{"SET", "quorumlock:gone", "x", "PX", 60000}} {
		tell(t, c, 0, command...)
	}
	if r := run(t, cfg); !r.Declared || r.Nodes[0].Keys != 3 {
		t.Errorf("got %+v, want no lock among 3 keys", r.Nodes[0])
	}
	for i := range 5 {
		tell(t, c, 0, "SET", fmt.Sprintf("lock%d", i), "base64==", "PX", 60000)
	}
	if r := run(t, cfg); r.Declared || r.Nodes[0].Locks != 5 || !strings.Contains(fmt.Sprint(r.Nodes[0].Against), ", …") || strings.Contains(fmt.Sprint(r), "base64") {
		t.Errorf("got %+v, want 5 locks, some by name", r.Nodes[0])
	}
}
