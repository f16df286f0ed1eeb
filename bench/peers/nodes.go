package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// nodes are the nodes of a run, and a client to each that looks after them between turns.
type nodes struct {
	cluster *cluster.Cluster
	clients []*redis.Client
}

func startNodes(ctx context.Context, kind cluster.Kind, count int, proxied bool, logf func(string, ...any)) (*nodes, error) {
	c, err := cluster.Start(ctx, cluster.Spec{
		Kind: kind, Nodes: count, Proxied: proxied, Persist: cluster.PersistNo, Logf: logf,
	})
	if err != nil {
		return nil, err
	}
	n := &nodes{cluster: c}
	for _, addr := range c.Addrs() {
		n.clients = append(n.clients, redis.NewClient(&redis.Options{Addr: addr, PoolSize: 2}))
	}
	if err := n.await(ctx); err != nil {
		return nil, errors.Join(err, n.close())
	}
	return n, nil
}

func (n *nodes) close() error {
	for _, c := range n.clients {
		_ = c.Close()
	}
	return n.cluster.Close()
}

// await returns when every node votes: this library may keep a node away that has just started, and that is not what
// is measured here.
func (n *nodes) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	locker, err := redlock.Dial(n.cluster.Addrs(), redlock.Config{})
	if err != nil {
		return err
	}
	defer locker.Close()
	for {
		h, err := locker.Check(ctx)
		if err == nil && h.Voting() == len(h.Nodes) {
			return nil
		}
		if !pause(ctx, 50*time.Millisecond) {
			return fmt.Errorf("the nodes do not vote: %w (%v)", context.Cause(ctx), err)
		}
	}
}

// A count of keys is taken again so often, at such intervals, until there are none.
const (
	looks     = 5
	lookAgain = 50 * time.Millisecond
)

// left counts the keys on all nodes that have name in them, but those of fences. It looks again for a while: a client
// that has closed may have commands under way.
func (n *nodes) left(ctx context.Context, name string) (int, error) {
	total := 0
	for range looks {
		total = 0
		for _, c := range n.clients {
			count, err := count(ctx, c, name)
			if err != nil {
				return -1, err
			}
			total += count
		}
		if total == 0 || !pause(ctx, lookAgain) {
			break
		}
	}
	return total, ctx.Err()
}

func count(ctx context.Context, c *redis.Client, name string) (int, error) {
	all, err := c.DBSize(ctx).Result()
	if err != nil || all == 0 {
		return 0, err
	}
	total := 0
	scan := c.Scan(ctx, 0, "*", 10_000).Iterator()
	for scan.Next(ctx) {
		if strings.Contains(scan.Val(), name) && !strings.HasPrefix(scan.Val(), "quorumlock:") {
			total++
		}
	}
	return total, scan.Err()
}

// flush empties all nodes, so that no subject meets what another left.
func (n *nodes) flush(ctx context.Context) error {
	return n.each(func(i int) error { return n.clients[i].FlushAll(ctx).Err() })
}

// each does something to all nodes at once.
func (n *nodes) each(do func(i int) error) error {
	errs := make([]error, len(n.clients))
	var wg sync.WaitGroup
	for i := range n.clients {
		wg.Go(func() { errs[i] = do(i) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// version is what the first node says that it is.
func (n *nodes) version(ctx context.Context) string {
	info, err := n.clients[0].Info(ctx, "server").Result()
	if err != nil {
		return "unknown"
	}
	_, after, ok := strings.Cut(info, "redis_version:")
	if !ok {
		return "unknown"
	}
	version, _, _ := strings.Cut(after, "\r\n")
	return version
}

// pause waits, and returns false when ctx ends first.
func pause(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
