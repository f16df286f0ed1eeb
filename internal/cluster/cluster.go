// Package cluster runs N independent Redis nodes on this machine, for demos, benches, chaos and tests,
// and does to them what happens to real ones: they are killed, forget, hang, and lose their network.
//
// The nodes are Docker containers, redis-server child processes, or miniredis inside this process,
// and behave alike behind one face: an address on 127.0.0.1 that never changes, and a few faults.
package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// ErrUnsupported is matched by errors.Is when this kind of node cannot do what was asked of it:
// a process has no network of its own to be cut off from unless Spec.Proxied puts a proxy before it,
// and Windows cannot pause a process.
var ErrUnsupported = errors.New("not supported by this kind of node")

// ErrClosed answers every operation on a node of a closed cluster.
var ErrClosed = errors.New("cluster: closed")

// Persist says what a node writes down before it answers. The zero value means PersistAlways.
type Persist string

const (
	// PersistAlways flushes every write to disk before the reply (appendfsync always): the assumption
	// under which a restarted node may vote at once.
	PersistAlways Persist = "always"
	// PersistEverySec flushes once a second. A killed process loses nothing by it, since the kernel
	// has what was written; only a power cut would.
	PersistEverySec Persist = "everysec"
	// PersistNo keeps everything in memory: a killed node forgets, whatever Start is asked to Keep.
	PersistNo Persist = "no"
)

// Memory is what a killed node remembers when it starts again.
type Memory bool

const (
	// Keep starts the node with everything that it had persisted.
	Keep Memory = true
	// Forget starts the node empty, like a new machine under an old address.
	Forget Memory = false
)

// Spec describes a cluster. The zero value is five nodes of the best kind that this machine can run.
type Spec struct {
	Kind    Kind    // "" means what Best says
	Nodes   int     // 0 means 5
	Proxied bool    // put a proxy in front of every node, so that its link can be slowed, cut, or lose replies
	Persist Persist // "" means PersistAlways
	Clocks  bool    // every node has a clock of its own that can be set: process nodes on Linux, with a C compiler
	// Args are further redis-server arguments, after ours, so they win. Embedded nodes ignore them.
	Args []string
	// Logf hears about progress in plain words. It may be called from several goroutines. Nil is silent.
	Logf func(format string, args ...any)
}

// Cluster is a set of independent Redis nodes. It is safe for concurrent use.
type Cluster struct {
	kind    Kind
	nodes   []*Node
	factory factory

	closeOnce sync.Once
	closeErr  error
}

// Start starts the nodes of spec in parallel and returns when every one of them answers PING.
//
// When ctx ends first, or one node cannot start, everything that had been started is removed again
// and the error says which node failed and why. For Docker it first removes what crashed runs left behind.
func Start(ctx context.Context, spec Spec) (*Cluster, error) {
	spec, err := spec.withDefaults(ctx)
	if err != nil {
		return nil, err
	}
	f, err := newFactory(ctx, spec)
	if err != nil {
		return nil, fmt.Errorf("cluster: start %s nodes: %w", spec.Kind, err)
	}
	c := &Cluster{kind: spec.Kind, nodes: make([]*Node, spec.Nodes), factory: f}

	starting, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	for i := range c.nodes {
		wg.Go(func() {
			n, err := launch(starting, i, spec, f)
			if err != nil {
				cancel(fmt.Errorf("cluster: start %s node %d of %d: %w", spec.Kind, i+1, spec.Nodes, err))
				return
			}
			spec.Logf("node %d of %d answers on %s", i+1, spec.Nodes, n.addr)
			c.nodes[i] = n
		})
	}
	wg.Wait()
	if starting.Err() != nil {
		return nil, errors.Join(context.Cause(starting), c.Close())
	}
	return c, nil
}

// Kind is what the nodes run as.
func (c *Cluster) Kind() Kind { return c.kind }

// Nodes returns the nodes in order. The slice is the caller's.
func (c *Cluster) Nodes() []*Node { return append([]*Node(nil), c.nodes...) }

// Node returns node i, counted from 0. It panics when there is no such node.
func (c *Cluster) Node(i int) *Node { return c.nodes[i] }

// Addrs returns the address of every node, host:port, in order.
func (c *Cluster) Addrs() []string {
	addrs := make([]string, len(c.nodes))
	for i, n := range c.nodes {
		addrs[i] = n.addr
	}
	return addrs
}

// Close stops every node and removes whatever it left: containers, processes, directories, proxies.
// It takes no context, because cleaning up has to happen when a context has ended; each step is bounded.
// Later calls do nothing and return the first one's error.
func (c *Cluster) Close() error {
	c.closeOnce.Do(func() {
		errs := make([]error, len(c.nodes)+1)
		var wg sync.WaitGroup
		for i, n := range c.nodes {
			if n == nil { // never started
				continue
			}
			wg.Go(func() { errs[i] = n.close() })
		}
		wg.Wait()
		errs[len(c.nodes)] = c.factory.close()
		c.closeErr = errors.Join(errs...)
	})
	return c.closeErr
}

func (s Spec) withDefaults(ctx context.Context) (Spec, error) {
	if s.Logf == nil {
		s.Logf = func(string, ...any) {}
	}
	if s.Nodes == 0 {
		s.Nodes = 5
	}
	if s.Nodes < 0 {
		return s, fmt.Errorf("cluster: %d nodes asked for", s.Nodes)
	}
	switch s.Persist {
	case "":
		s.Persist = PersistAlways
	case PersistAlways, PersistEverySec, PersistNo:
	default:
		return s, fmt.Errorf("cluster: unknown persistence %q: want always, everysec or no", s.Persist)
	}
	if s.Kind == "" {
		kind, why := Best(ctx)
		if why != "" {
			s.Logf("%s nodes: %s", kind, why)
		}
		s.Kind = kind
	}
	_, err := ParseKind(string(s.Kind))
	return s, err
}

// redisArgs are the redis-server arguments that every real node shares.
func (s Spec) redisArgs() []string {
	args := []string{"--save", "", "--maxmemory-policy", "noeviction"}
	if s.Persist == PersistNo {
		args = append(args, "--appendonly", "no")
	} else {
		args = append(args, "--appendonly", "yes", "--appendfsync", string(s.Persist))
	}
	return append(args, s.Args...)
}
