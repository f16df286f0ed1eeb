package chaos

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/fault"
	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/internal/sweep"
)

// nodes are what a run locks on.
type nodes struct {
	kind    cluster.Kind   // "" of nodes that run already
	addrs   []string       // as clients dial them; may have passwords
	shown   []string       // host:port of the same
	direct  []sweep.Place  // the same past our proxies, to look what is there
	targets []fault.Target // nil where nobody has said how to break a node
	logs    func(ctx context.Context, i int) (string, error)
	close   func() error
}

// open brings the nodes of cfg.
func (cfg Config) open(ctx context.Context, clocks bool, logf func(string, ...any)) (*nodes, error) {
	if cfg.own() {
		return cfg.openOwn(ctx, clocks, logf)
	}
	n := &nodes{addrs: cfg.Addrs, targets: make([]fault.Target, len(cfg.Addrs)), close: func() error { return nil }}
	secure, err := cfg.TLS.Config()
	if err != nil {
		return nil, err
	}
	for _, addr := range cfg.Addrs {
		at := sweep.Place{Addr: addr, TLS: secure}
		name, err := at.Name()
		if err != nil {
			return nil, err
		}
		n.direct, n.shown = append(n.direct, at), append(n.shown, name)
	}
	switch {
	case cfg.Hooks != Hooks{}:
		for i, addr := range n.shown {
			n.targets[i] = &hooked{cfg.Hooks, i + 1, addr}
		}
	case cfg.Label != "":
		containers, err := cluster.Labelled(ctx, cfg.Label, n.shown)
		if err != nil {
			return nil, err
		}
		for i, c := range containers {
			n.targets[i] = c
		}
		n.logs = func(ctx context.Context, i int) (string, error) { return containers[i].Log(ctx) }
	}
	return n, nil
}

func (cfg Config) openOwn(ctx context.Context, clocks bool, logf func(string, ...any)) (*nodes, error) {
	c, err := cluster.Start(ctx, cluster.Spec{
		Kind: cfg.Kind, Nodes: cfg.Nodes, Proxied: true, Clocks: clocks, Logf: logf,
	})
	if err != nil {
		return nil, err
	}
	n := &nodes{kind: c.Kind(), addrs: c.Addrs(), shown: c.Addrs(), close: c.Close}
	for _, one := range c.Nodes() {
		n.targets = append(n.targets, one)
		n.direct = append(n.direct, sweep.Place{Addr: one.Origin()})
	}
	n.logs = func(ctx context.Context, i int) (string, error) { return c.Node(i).Log(ctx) }
	return n, nil
}

// bears returns what a plan wants to know of the nodes, before there are any.
func (cfg Config) bears(ctx context.Context) func(node int, f fault.Fault) error {
	var foreign *nodes // nil unless the nodes run already
	var failed error
	look := sync.OnceFunc(func() { foreign, failed = cfg.open(ctx, false, nil) })
	return func(node int, f fault.Fault) error {
		if _, client := f.(fault.Freeze); client {
			if runtime.GOOS == "windows" {
				return fmt.Errorf("%w: Windows cannot stop a process from outside", fault.ErrCannot)
			}
			return nil
		}
		if !cfg.own() {
			if look(); failed != nil {
				return failed
			}
			return f.Bears(foreign.targets[node])
		}
		switch f.(type) {
		case fault.Step, fault.Rate:
			return canSetClocks(cfg.Kind)
		case fault.Pause:
			if runtime.GOOS == "windows" && cfg.Kind == cluster.Process {
				return fmt.Errorf("%w: Windows cannot stop a process from outside", fault.ErrCannot)
			}
		}
		return nil
	}
}

func canSetClocks(kind cluster.Kind) error {
	_, noCompiler := exec.LookPath("cc")
	switch {
	case kind != cluster.Process:
		return fmt.Errorf("%w: the clocks of %s nodes are the machine's own; --nodes process:5 has clocks that can be set", fault.ErrCannot, kind)
	case runtime.GOOS != "linux":
		return fmt.Errorf("%w: clocks of nodes can be set on Linux only", fault.ErrCannot)
	case noCompiler != nil:
		return fmt.Errorf("%w: to set the clocks of nodes takes a C compiler, cc", fault.ErrCannot)
	}
	return nil
}

// patience of a look at a node. Those of others may hold a great many keys beside ours.
func (n *nodes) patience() time.Duration {
	if n.kind == "" {
		return 2 * time.Minute
	}
	return 10 * time.Second
}

// unmarked returns which nodes have no record yet of what clients may do there, which the first lock makes.
func (n *nodes) unmarked(ctx context.Context) []bool {
	all := make([]bool, len(n.direct))
	for i, at := range n.direct {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		found, err := sweep.Has(ctx, at, metaKey)
		all[i] = err == nil && !found
		cancel()
	}
	return all
}

// unmark removes the record from nodes that had none before the run.
func (n *nodes) unmark(ctx context.Context, unmarked []bool) error {
	var errs []error
	for i, at := range n.direct {
		if unmarked[i] {
			ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
			errs = append(errs, sweep.Delete(ctx, at, metaKey))
			cancel()
		}
	}
	return errors.Join(errs...)
}

// metaKey is where the library keeps what clients of a node must have in common, and what it must remember.
const metaKey = "quorumlock:meta"

// leftovers looks on every node for what the run has left, and removes it.
func (n *nodes) leftovers(ctx context.Context, prefix string) (locks [][]string, errs []error) {
	locks, errs = make([][]string, len(n.direct)), make([]error, len(n.direct))
	var all sync.WaitGroup
	for i, at := range n.direct {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(ctx, n.patience())
			defer cancel()
			found, err := sweep.Node(ctx, at, prefix)
			locks[i], errs[i] = found.Locks, err
		})
	}
	all.Wait()
	return locks, errs
}

// journals returns what the nodes have written, by node.
func (n *nodes) journals(ctx context.Context) ([]string, error) {
	if n.logs == nil {
		return nil, nil
	}
	all := make([]string, len(n.addrs))
	var errs []error
	for i := range all {
		var err error
		all[i], err = n.logs(ctx, i)
		errs = append(errs, err)
	}
	return all, errors.Join(errs...)
}

// name is what the nodes are, in words.
func (n *nodes) name() string {
	switch n.kind {
	case cluster.Docker:
		return "Docker containers"
	case cluster.Process:
		return "redis-server processes"
	case cluster.Embedded:
		return "nodes in memory, which are no Redis"
	}
	return "nodes at " + strings.Join(n.shown, ", ")
}
