package cluster

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// errPortTaken says that somebody bound the port between our picking it and the node binding it.
var errPortTaken = errors.New("port taken by another program")

// backend is one node as its kind runs it. The Node above serialises all calls but log, keeps the state, and
// so never kills a dead node or pauses a paused one.
type backend interface {
	// start brings the node up on its port. It need not answer yet, but what answers there is ours.
	// It returns an error that wraps errPortTaken, and leaves nothing running, when the port is not free.
	start(ctx context.Context, mem Memory) error
	// kill ends the node at once, paused or not, and returns when its port refuses.
	kill(ctx context.Context) error
	// pause hangs the node: its connections stay open and nothing answers. resume undoes it.
	pause(ctx context.Context) error
	resume(ctx context.Context) error
	log(ctx context.Context) (string, error)
	// remove kills the node if need be and deletes everything that it has; also after a failed start.
	remove() error
}

// network is what a backend also has when its nodes have a network of their own.
type network interface {
	disconnect(ctx context.Context) error
	connect(ctx context.Context) error
}

// factory makes the backends of one cluster and holds what they share.
type factory struct {
	make  func(port int) (backend, error)
	close func() error
}

func newFactory(ctx context.Context, spec Spec) (factory, error) {
	if spec.Clocks && spec.Kind != Process {
		return factory{}, fmt.Errorf("%w: the clocks of %s nodes are the machine's", ErrUnsupported, spec.Kind)
	}
	switch spec.Kind {
	case Docker:
		return dockerFactory(ctx, spec)
	case Process:
		return processFactory(ctx, spec)
	default:
		return embeddedFactory(spec), nil
	}
}

// launch starts node i on a port of its own, on another one if that is taken meanwhile.
func launch(ctx context.Context, i int, spec Spec, f factory) (*Node, error) {
	const tries = 8
	for try := 1; ; try++ {
		n, err := tryLaunch(ctx, i, spec, f)
		if err == nil || !errors.Is(err, errPortTaken) || try == tries || ctx.Err() != nil {
			return n, err
		}
		spec.Logf("node %d of %d: %v, trying another", i+1, spec.Nodes, err)
	}
}

func tryLaunch(ctx context.Context, i int, spec Spec, f factory) (n *Node, err error) {
	port, err := pickPort()
	if err != nil {
		return nil, err
	}
	b, err := f.make(port)
	if err != nil {
		releasePort(port)
		return nil, err
	}
	n = &Node{index: i, addr: localAddr(port), origin: localAddr(port), ports: []int{port}, backend: b, down: true}
	defer func() {
		if err != nil {
			err = errors.Join(err, n.close())
			n = nil
		}
	}()
	if spec.Proxied {
		front, err := pickPort()
		if err != nil {
			return n, err
		}
		n.ports = append(n.ports, front)
		n.addr = localAddr(front)
		n.link = newLink(n.addr, n.origin)
	}
	return n, n.up(ctx, Forget)
}

// await returns when addr answers PING, or an error when ctx ends, or after 20 seconds.
func await(ctx context.Context, addr string) error {
	const bound = 20 * time.Second
	ctx, cancel := context.WithTimeoutCause(ctx, bound, fmt.Errorf("no answer to PING within %s", bound))
	defer cancel()
	for {
		err := ping(ctx, addr)
		if err == nil {
			return nil
		}
		if sleep(ctx, 5*time.Millisecond) != nil {
			return fmt.Errorf("%s: %w (last: %w)", addr, context.Cause(ctx), err)
		}
	}
}

// sleep waits for d, or returns ctx's error when that ends first.
func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// detached is a context for cleaning up, which has to go on when the caller's has ended.
func detached(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), 30*time.Second)
}
