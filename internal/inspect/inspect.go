// Package inspect looks at keys from outside: what each node says of them, and what that comes to over the quorum. It
// writes nothing.
package inspect

import (
	"context"
	"crypto/tls"
	"fmt"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/node"
	"github.com/quorumlock/quorumlock/quorum"
)

// Schema names the form of a [Report] in JSON.
const Schema = "quorumlock.status/1"

// Config says which nodes, and what of the owners may be shown.
type Config struct {
	Addrs   []string
	TLS     *tls.Config
	Timeout time.Duration // of one node's answer
	Owners  bool          // show every owner, and not only those that are no secret for certain
}

// Report is one look at some keys.
type Report struct {
	Schema string    `json:"schema"`
	At     time.Time `json:"at"` // by this machine's clock
	Need   int       `json:"need"`
	Nodes  int       `json:"nodes"`
	Keys   []Key     `json:"keys"`
}

// Judged reports whether the quorum tells of every key how it stands.
func (r Report) Judged() bool {
	for _, k := range r.Keys {
		if k.Verdict == NoQuorum {
			return false
		}
	}
	return true
}

// Are reports whether every key has this verdict.
func (r Report) Are(v Verdict) bool {
	for _, k := range r.Keys {
		if k.Verdict != v {
			return false
		}
	}
	return true
}

// Looker looks at keys, time and again. It is not safe for concurrent use.
type Looker struct {
	cfg   Config
	rule  quorum.Rule
	nodes []*target
}

type target struct {
	addr   string
	client *redis.Client
}

// Open returns a looker on the nodes. It does not connect yet, and its error is about the input.
func Open(cfg Config) (*Looker, error) {
	l := &Looker{cfg: cfg, rule: quorum.Majority(len(cfg.Addrs))}
	for i, addr := range cfg.Addrs {
		client, name, err := node.Connect(addr, cfg.TLS, cfg.Timeout)
		if err != nil {
			l.Close()
			return nil, fmt.Errorf("the address of node %d %w", i, err)
		}
		l.nodes = append(l.nodes, &target{name, client})
	}
	return l, nil
}

// Close ends the connections.
func (l *Looker) Close() {
	for _, n := range l.nodes {
		_ = n.client.Close()
	}
}

// Look asks all nodes about all keys, at once. Nodes that do not answer are in the report.
func (l *Looker) Look(ctx context.Context, keys []string) Report {
	r := Report{Schema: Schema, At: time.Now(), Need: l.rule.Need(), Nodes: l.rule.Nodes()}
	said := make([][]Node, len(l.nodes))
	var wg sync.WaitGroup
	for i, n := range l.nodes {
		wg.Go(func() { said[i] = n.ask(ctx, keys, l.cfg.Timeout) })
	}
	wg.Wait()
	for k, name := range keys {
		key := Key{Key: name}
		for i := range l.nodes {
			key.Nodes = append(key.Nodes, said[i][k])
		}
		key.judge(l.rule)
		key.hide(l.cfg.Owners)
		r.Keys = append(r.Keys, key)
	}
	return r
}
