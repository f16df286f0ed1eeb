package redlocktest

import (
	"context"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/memory"
	"github.com/quorumlock/quorumlock/redlock"
)

// looks is how often the nodes are looked at, at most, before the first locker asks for a vote.
const looks = 6

// meta is where a node keeps from when on it votes: its first word, which is all zeros when it votes at once.
const meta = "quorumlock:meta"

// declare has every node looked at before the first locker asks for a vote: the first look at a node that nobody has
// looked at yet takes two steps, in between of which it does not vote. On a busy machine a step may come to nothing; then
// the node would not vote for MaxTTL, and is looked at once more.
func (c *Cluster) declare(cfg redlock.Config) {
	if cfg.Mode != redlock.Fenced {
		return
	}
	if _, still := <-c.fresh; !still {
		return
	}
	defer close(c.fresh)
	cfg.Logger, cfg.Observer = nil, nil
	for range looks {
		if err := c.look(cfg); err != nil {
			return // and so will the caller's New say
		}
		silent := false
		for _, node := range c.nodes {
			silent = forget(node) || silent
		}
		if !silent {
			return
		}
		cfg.NodeTimeout = 2 * max(cfg.NodeTimeout, 250*time.Millisecond)
	}
}

// look has a locker of its own look at every node.
func (c *Cluster) look(cfg redlock.Config) error {
	clients := make([]redis.UniversalClient, len(c.nodes))
	for i, node := range c.nodes {
		client := redis.NewClient(options(node, node.Connect))
		defer client.Close()
		clients[i] = client
	}
	l, err := redlock.New(clients, cfg)
	if err != nil {
		return err
	}
	if lease, err := l.TryLock(context.Background(), "redlocktest"); err == nil {
		_ = lease.Unlock(context.Background())
	}
	_ = l.Close() // returns when every node has answered what it was asked
	return nil
}

// forget makes a node that nothing is wrong with, and that does not vote all the same, one that nobody has looked at, and
// reports whether it was one.
func forget(node *memory.Node) bool {
	if !node.Sound() {
		return false
	}
	said, err := node.Get(meta)
	if err == nil && strings.HasPrefix(said, "0000000000000000 ") {
		return false
	}
	node.Del(meta)
	return true
}
