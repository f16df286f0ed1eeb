package integration

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/cluster"
)

// nodes is a cluster of real Redis containers, with a direct connection to each for looking at what is stored there.
type nodes struct {
	*cluster.Cluster
	direct []*redis.Client
}

// start starts a cluster for one test. Zero fields of spec mean five Docker nodes.
func start(t testing.TB, spec cluster.Spec) *nodes {
	t.Helper()
	if spec.Kind == "" {
		spec.Kind = cluster.Docker
	}
	if spec.Kind == cluster.Docker {
		needDocker(t)
	}
	c, err := cluster.Start(bounded(t, time.Minute), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	n := look(c)
	t.Cleanup(n.lookAway)
	return n
}

// look opens the direct connections. go-redis repeats a command there when a node has just come back.
func look(c *cluster.Cluster) *nodes {
	n := &nodes{Cluster: c}
	for _, addr := range c.Addrs() {
		n.direct = append(n.direct, redis.NewClient(&redis.Options{
			Addr: addr, PoolSize: 1, DialTimeout: time.Second, ReadTimeout: time.Second, DisableIdentity: true,
		}))
	}
	return n
}

func (n *nodes) lookAway() {
	for _, c := range n.direct {
		c.Close()
	}
}

// shared is the cluster of all tests that inject no fault, one after the other.
var shared struct {
	once  sync.Once
	nodes *nodes
	err   error
}

func sharedNodes(t testing.TB) *nodes {
	t.Helper()
	needDocker(t)
	shared.once.Do(func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		var c *cluster.Cluster
		if c, shared.err = cluster.Start(ctx, cluster.Spec{Kind: cluster.Docker, Persist: cluster.PersistNo}); shared.err == nil {
			shared.nodes = look(c)
		}
	})
	if shared.err != nil {
		t.Fatal(shared.err)
	}
	return shared.nodes
}

func closeShared() error {
	if shared.nodes == nil {
		return nil
	}
	shared.nodes.lookAway()
	return shared.nodes.Close()
}

// needDocker skips the test without a Docker engine; in CI nothing may skip.
func needDocker(t testing.TB) {
	t.Helper()
	if why := noDocker(); why != "" {
		if os.Getenv("CI") != "" {
			t.Fatalf("in CI nothing may skip: %s", why)
		}
		t.Skip(why)
	}
}

var noDocker = sync.OnceValue(func() string {
	if kind, why := cluster.Best(context.Background()); kind != cluster.Docker {
		return why
	}
	return ""
})

// on does something to the given nodes at the same time, and returns when all of it is done.
func (n *nodes) on(t testing.TB, which []int, do func(ctx context.Context, node *cluster.Node) error) {
	t.Helper()
	errs := make([]error, len(which))
	ctx := bounded(t, time.Minute)
	var wg sync.WaitGroup
	for i, index := range which {
		wg.Go(func() { errs[i] = do(ctx, n.Node(index)) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func (n *nodes) kill(t testing.TB, which ...int) {
	t.Helper()
	n.on(t, which, func(ctx context.Context, node *cluster.Node) error { return node.Kill(ctx) })
}

func (n *nodes) revive(t testing.TB, mem cluster.Memory, which ...int) {
	t.Helper()
	n.on(t, which, func(ctx context.Context, node *cluster.Node) error { return node.Start(ctx, mem) })
}

func (n *nodes) pause(t testing.TB, which ...int) {
	t.Helper()
	n.on(t, which, func(ctx context.Context, node *cluster.Node) error { return node.Pause(ctx) })
}

func (n *nodes) resume(t testing.TB, which ...int) {
	t.Helper()
	n.on(t, which, func(ctx context.Context, node *cluster.Node) error { return node.Resume(ctx) })
}

// dropReplies has the nodes obey and their answers get lost, until restore.
func (n *nodes) dropReplies(t testing.TB, which ...int) {
	t.Helper()
	n.on(t, which, func(_ context.Context, node *cluster.Node) error { return node.Link().DropReplies() })
}

func (n *nodes) restore(t testing.TB, which ...int) {
	t.Helper()
	n.on(t, which, func(_ context.Context, node *cluster.Node) error { return node.Link().Restore() })
}

// ask sends one command to one node; an answer of nothing is "".
func (n *nodes) ask(t testing.TB, index int, command ...any) any {
	t.Helper()
	got, err := n.direct[index].Do(bounded(t, 10*time.Second), command...).Result()
	if err != nil && !errors.Is(err, redis.Nil) {
		t.Fatalf("%v on node %d: %v", command, index, err)
	}
	if got == nil {
		return ""
	}
	return got
}

// tell sends one command to each of the given nodes.
func (n *nodes) tell(t testing.TB, which []int, command ...any) {
	t.Helper()
	for _, index := range which {
		n.ask(t, index, command...)
	}
}

func (n *nodes) all() []int {
	all := make([]int, len(n.direct))
	for i := range all {
		all[i] = i
	}
	return all
}

// holders returns what stands under key on each of the given nodes.
func (n *nodes) holders(t testing.TB, key string, which ...int) []any {
	t.Helper()
	values := make([]any, len(which))
	for i, index := range which {
		values[i] = n.ask(t, index, "GET", key)
	}
	return values
}

// heldBy waits until owner stands under key on all of the given nodes: the slowest may answer after the majority.
func (n *nodes) heldBy(t testing.TB, key, owner string, which ...int) {
	t.Helper()
	eventually(t, soon, func() error {
		for i, value := range n.holders(t, key, which...) {
			if value != owner {
				return fmt.Errorf("node %d: got %q under %q, want the owner %s", which[i], value, key, owner)
			}
		}
		return nil
	})
}

// library begins every key that the library keeps for itself.
const library = "quorumlock:"

// nothingLeft waits until no lock is left on any node, and fails when that takes longer than soon. What the library
// keeps for itself may stay; a fence counter must have an expiry.
func (n *nodes) nothingLeft(t testing.TB) {
	t.Helper()
	n.nothingLeftOn(t, n.all()...)
}

func (n *nodes) nothingLeftOn(t testing.TB, which ...int) {
	t.Helper()
	n.nothingLeftWithin(t, soon, which...)
}

func (n *nodes) nothingLeftWithin(t testing.TB, within time.Duration, which ...int) {
	t.Helper()
	eventually(t, within, func() error {
		for _, index := range which {
			locks, err := locksOn(bounded(t, 10*time.Second), n.direct[index])
			if err != nil {
				return fmt.Errorf("node %d: %w", index, err)
			}
			if len(locks) > 0 {
				return fmt.Errorf("node %d still has %d locks, among them %q", index, len(locks), locks[0])
			}
		}
		return nil
	})
}

// locksOn lists the locks on one node.
func locksOn(ctx context.Context, c *redis.Client) (locks []string, err error) {
	scan := c.Scan(ctx, 0, "*", 1000).Iterator()
	for scan.Next(ctx) {
		key := scan.Val()
		if !strings.HasPrefix(key, library) {
			locks = append(locks, key)
			continue
		}
		if !strings.HasPrefix(key, library+"fence:") {
			continue
		}
		left, err := c.PTTL(ctx, key).Result()
		if err == nil && left == -1 {
			err = fmt.Errorf("the fence counter %q has no expiry", key)
		}
		if err != nil {
			return nil, err
		}
	}
	return locks, scan.Err()
}

// eventually calls f until it returns nil, and fails with its last error when that takes longer than within.
func eventually(t testing.TB, within time.Duration, f func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		began := time.Now()
		err := f()
		if err == nil {
			return
		}
		if began.After(deadline) {
			t.Fatalf("after %v: %v", within, err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// bounded is a context that ends with the test, and in any case after limit.
func bounded(t testing.TB, limit time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeoutCause(context.WithoutCancel(t.Context()), limit, fmt.Errorf("the test's bound of %v", limit))
	t.Cleanup(cancel)
	return ctx
}
