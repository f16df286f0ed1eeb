package lock

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/cluster"
)

// go-redis tells standard error of every connection that it cannot open; the tests break them by the dozen.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

func TestMain(m *testing.M) {
	redis.SetLogger(quiet{})
	os.Exit(m.Run())
}

// nodes is a cluster, with a connection to each node for looking at what is stored there.
type nodes struct {
	*cluster.Cluster
	direct []*redis.Client
}

// start starts a cluster for one test.
func start(t *testing.T, spec cluster.Spec) *nodes {
	t.Helper()
	if spec.Kind == cluster.Process {
		if _, err := exec.LookPath("redis-server"); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatal("in CI nothing may skip: this takes redis-server")
			}
			t.Skip("takes redis-server")
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := cluster.Start(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	n := &nodes{Cluster: c}
	for _, addr := range c.Addrs() {
		n.direct = append(n.direct, redis.NewClient(&redis.Options{Addr: addr, DisableIdentity: true}))
	}
	t.Cleanup(func() {
		for _, client := range n.direct {
			client.Close()
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

// plant stores a value under a key on some nodes, or deletes it if it is empty.
func (n *nodes) plant(t *testing.T, key, value string, on ...int) {
	t.Helper()
	for _, i := range on {
		err := n.direct[i].Set(t.Context(), key, value, 0).Err()
		if value == "" {
			err = n.direct[i].Del(t.Context(), key).Err()
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// read returns what each node stores under a key; "" for nothing.
func (n *nodes) read(t *testing.T, key string) []string {
	t.Helper()
	values := make([]string, len(n.direct))
	for i, client := range n.direct {
		value, err := client.Get(t.Context(), key).Result()
		if err != nil && !errors.Is(err, redis.Nil) {
			t.Fatal(err)
		}
		values[i] = value
	}
	return values
}

// locks returns how many keys that are locks the nodes store together.
func (n *nodes) locks(t *testing.T) int {
	t.Helper()
	count := 0
	for _, client := range n.direct {
		keys, err := client.Keys(t.Context(), "*").Result()
		if err != nil {
			t.Fatal(err)
		}
		for _, key := range keys {
			if !strings.HasPrefix(key, Prefix) && !strings.HasPrefix(key, "quorumlock:") {
				count++
			}
		}
	}
	return count
}

// each does something to every node of a list.
func (n *nodes) each(t *testing.T, do func(*cluster.Node, context.Context) error, on ...int) {
	t.Helper()
	for _, i := range on {
		if err := do(n.Node(i), t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// open returns a locker of that name on these nodes, which are new, that is closed when the test ends. Its times are so
// long that none of them runs out on a busy machine.
func (n *nodes) open(t *testing.T, name string, change ...func(*Config)) Locker {
	t.Helper()
	cfg := Config{Addrs: n.Addrs(), TTL: time.Minute, MaxTTL: time.Minute, NodeTimeout: 2 * time.Second, Fresh: true}
	for _, f := range change {
		f(&cfg)
	}
	l, err := Open(name, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

// soon makes a locker wait for a node that does not answer for a short time only.
func soon(cfg *Config) { cfg.NodeTimeout = 300 * time.Millisecond }

func lock(t *testing.T, l Locker, key string) Lease {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	lease, err := l.Lock(ctx, key)
	if err != nil {
		t.Fatal(err)
	}
	return lease
}

func unlock(t *testing.T, lease Lease) {
	t.Helper()
	if err := lease.Unlock(t.Context()); err != nil {
		t.Fatal(err)
	}
}
