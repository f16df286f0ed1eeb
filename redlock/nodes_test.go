package redlock

import (
	"errors"
	"strconv"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/memory"
)

// memories returns n nodes.
func memories(t *testing.T, n int) []*memory.Node {
	nodes := make([]*memory.Node, n)
	for i := range nodes {
		nodes[i] = memory.New("10.0.0." + strconv.Itoa(i+1) + ":6379")
		t.Cleanup(nodes[i].Close)
	}
	return nodes
}

// on returns a locker over go-redis clients, as a caller would make them, with go-redis's own defaults.
func on(t *testing.T, nodes []*memory.Node, cfg Config) *Locker {
	t.Helper()
	cfg.Fresh = true
	l := between(t, nodes, cfg)
	synctest.Wait() // until it has looked at the nodes
	return l
}

// between returns a locker as on does, to nodes that may have had locks on them before.
func between(t *testing.T, nodes []*memory.Node, cfg Config) *Locker {
	t.Helper()
	clients := make([]redis.UniversalClient, len(nodes))
	for i, m := range nodes {
		client := redis.NewClient(&redis.Options{Addr: m.Name, Dialer: m.Connect})
		t.Cleanup(func() {
			_ = client.Close()
			time.Sleep(10 * time.Second) // its pool goes on dialing for a while
		})
		clients[i] = client
	}
	l, err := New(clients, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// fail gives the first count nodes a fault, and the others none.
func fail(nodes []*memory.Node, count int, f memory.Fault) {
	for i, m := range nodes {
		if i < count {
			m.Set(f)
		} else {
			m.Set(memory.Healthy)
		}
	}
}

// holders returns how many nodes hold the key for the owner.
func holders(nodes []*memory.Node, key, owner string) int {
	count := 0
	for _, m := range nodes {
		if got, err := m.Get(key); err == nil && got == owner {
			count++
		}
	}
	return count
}

// keys returns how many nodes have anything under the key.
func keys(nodes []*memory.Node, key string) int {
	count := 0
	for _, m := range nodes {
		if m.Exists(key) {
			count++
		}
	}
	return count
}

// mustLock returns a lease on the key.
func mustLock(t *testing.T, l *Locker, key string) *Lease {
	t.Helper()
	lease, err := l.Lock(t.Context(), key)
	if err != nil {
		t.Fatalf("Lock(%q): %v", key, err)
	}
	return lease
}

// wantIs fails unless err matches every one of the targets.
func wantIs(t *testing.T, err error, targets ...error) {
	t.Helper()
	for _, target := range targets {
		if !errors.Is(err, target) {
			t.Errorf("got error %q, want one that matches %q", err, target)
		}
	}
}

// soon is long enough for a lane that was down to be up again.
const soon = 3 * time.Second
