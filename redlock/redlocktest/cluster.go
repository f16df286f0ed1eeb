package redlocktest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/memory"
	"github.com/quorumlock/quorumlock/redlock"
)

// age is for how long the nodes of a new cluster have been up: longer than any lock lasts that they could have forgotten.
const age = 200 * 365 * 24 * time.Hour

// Cluster is Redis masters in memory. It lives until the end of its test. It is safe for concurrent use.
type Cluster struct {
	t     testing.TB
	nodes []*memory.Node
	life  context.Context // ends with the cluster
	end   context.CancelFunc
	fresh chan struct{} // holds one value until the nodes have been looked at

	mu      sync.Mutex
	killed  map[int]bool              // guarded by mu; nodes that have to be started again
	lockers map[*redlock.Locker]*wire // guarded by mu
	clients []*redis.Client           // guarded by mu
	refused time.Time                 // guarded by mu; when a connection was refused last
}

// New returns a cluster of n nodes, which the end of the test closes, with all lockers and clients that came from it. In
// a bubble of testing/synctest call it inside the bubble, with the bubble's t.
func New(t testing.TB, n int) *Cluster {
	t.Helper()
	if n < 1 {
		t.Fatalf("redlocktest: a cluster of %d nodes: want at least one", n)
	}
	c := &Cluster{t: t, fresh: make(chan struct{}, 1), killed: make(map[int]bool), lockers: make(map[*redlock.Locker]*wire)}
	for i := range n {
		node := memory.New(fmt.Sprintf("node-%d:6379", i))
		node.Settle(age)
		c.nodes = append(c.nodes, node)
	}
	c.life, c.end = context.WithCancel(context.Background())
	c.fresh <- struct{}{}
	t.Cleanup(c.close)
	return c
}

// Locker returns a locker on all nodes. Each stands for a process of its own: they queue, wait and fail separately, as
// processes do. It is closed at the end of the test, if not before. A bad cfg ends the test.
func (c *Cluster) Locker(cfg redlock.Config) *redlock.Locker {
	c.t.Helper()
	c.declare(cfg)
	w := &wire{cluster: c}
	l, err := redlock.New(c.dial(w), cfg)
	if err != nil {
		c.t.Fatal(err)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.lockers[l] = w
	return l
}

// Clients returns new go-redis clients, one for each node, for redlock.New or to look at the nodes with. They are closed at
// the end of the test.
//
// For lockers that are made with them, the nodes are Redis servers that have been up for long: they vote as soon as
// they have been looked at.
func (c *Cluster) Clients() []redis.UniversalClient { return c.dial(&wire{cluster: c}) }

// Votes returns who holds key by how many nodes: the number of nodes for each owner, as [redlock.Lease.Owner] tells it. It
// also counts nodes that are down or hang, whose votes nobody can ask for. It is empty when no node has the key.
func (c *Cluster) Votes(key string) map[string]int {
	votes := make(map[string]int)
	for _, node := range c.nodes {
		// A node keeps a free key for a moment for whoever is woken; that is no vote.
		if owner, err := node.Get(key); err == nil && !strings.HasPrefix(owner, "quorumlock:") {
			votes[owner]++
		}
	}
	return votes
}

// dial returns clients of all nodes, by that wire.
func (c *Cluster) dial(w *wire) []redis.UniversalClient {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]redis.UniversalClient, len(c.nodes))
	for i, node := range c.nodes {
		client := redis.NewClient(options(node, w.to(node)))
		c.clients = append(c.clients, client)
		all[i] = client
	}
	return all
}

// close ends all that came from the cluster.
func (c *Cluster) close() {
	c.Heal() // so that nobody waits for a node
	c.mu.Lock()
	lockers, clients := c.lockers, c.clients
	c.mu.Unlock()
	var all sync.WaitGroup
	for l := range lockers {
		all.Go(func() { _ = l.Close() })
	}
	all.Wait()
	c.end()
	for _, client := range clients {
		_ = client.Close()
	}
	for _, node := range c.nodes {
		node.Close()
	}
	c.mu.Lock()
	refused := c.refused
	c.mu.Unlock()
	if !refused.IsZero() {
		// A go-redis pool whose connections are refused tries again a second later, and finds only then that it is closed.
		time.Sleep(time.Until(refused.Add(time.Second + 50*time.Millisecond)))
	}
}
