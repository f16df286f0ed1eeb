package cluster

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Node is one Redis node. It is safe for concurrent use; operations on one node happen one after the other.
//
// Faults that are already there, and cures for those that are not, are no errors: Kill of a dead node, Pause of
// a hung one, Resume, Heal and so on do nothing then. Kill ends a pause and a cut-off as well: the node that Start
// brings back is healthy. What its Link does stays until Link.Restore.
type Node struct {
	index   int
	addr    string // where clients dial: the proxy if there is one
	origin  string // where the node itself listens
	ports   []int  // to be released at the end
	backend backend
	link    *Link // nil unless proxied

	mu     sync.Mutex // guards the state below, held during operations
	down   bool
	paused bool
	cut    bool
	closed bool
}

// Addr is host:port on 127.0.0.1, the same for the node's whole life.
func (n *Node) Addr() string { return n.addr }

// Origin is host:port on 127.0.0.1 where the node itself listens, which is Addr unless there is a proxy in front.
func (n *Node) Origin() string { return n.origin }

// Clock is the node's clock; nil unless Spec.Clocks.
func (n *Node) Clock() *Clock {
	if p, ok := n.backend.(*processNode); ok {
		return p.clock
	}
	return nil
}

// Link is the link between clients and the node; nil unless Spec.Proxied.
func (n *Node) Link() *Link { return n.link }

// Log returns what the node has written so far. Docker nodes that started with Forget have a new log.
func (n *Node) Log(ctx context.Context) (string, error) {
	s, err := n.backend.log(ctx)
	return s, n.explain("log", err)
}

// Kill ends the node as SIGKILL does: no goodbye, connections reset. When it returns, dialling is refused.
func (n *Node) Kill(ctx context.Context) error {
	return n.do(ctx, "kill", func() error {
		if n.down {
			return nil
		}
		if err := n.backend.kill(ctx); err != nil {
			return err
		}
		n.down, n.paused, n.cut = true, false, false
		return n.link.down()
	})
}

// Start brings a killed node back on its address, with or without its memory, and returns when it answers PING.
// When it fails the node is as dead as before. A node that runs is an error, since mem could not be obeyed.
func (n *Node) Start(ctx context.Context, mem Memory) error {
	return n.do(ctx, "start", func() error {
		if !n.down {
			return errors.New("it is running")
		}
		return retryPort(ctx, func() error { return n.up(ctx, mem) })
	})
}

// Restart is Kill and Start. When Start fails the node stays dead.
func (n *Node) Restart(ctx context.Context, mem Memory) error {
	if err := n.Kill(ctx); err != nil {
		return err
	}
	return n.Start(ctx, mem)
}

// Pause hangs the node: connections stay open, new ones are accepted, nothing is answered. TTLs run on.
func (n *Node) Pause(ctx context.Context) error {
	return n.do(ctx, "pause", func() error {
		if n.paused {
			return nil
		}
		if n.down {
			return errors.New("it is dead")
		}
		err := n.backend.pause(ctx)
		n.paused = err == nil
		return err
	})
}

// Resume ends a pause: the node now works off what it had been sent meanwhile.
func (n *Node) Resume(ctx context.Context) error {
	return n.do(ctx, "resume", func() error {
		if !n.paused {
			return nil
		}
		err := n.backend.resume(ctx)
		n.paused = err != nil
		return err
	})
}

// Flush deletes every key that the node has. It asks the node itself, past any proxy; a node that cannot be asked, dead,
// hung or cut off, is an error.
func (n *Node) Flush(ctx context.Context) error {
	return n.do(ctx, "flush", func() error {
		reply, err := ask(ctx, n.origin, "FLUSHALL")
		if err == nil && reply != "+OK" {
			err = fmt.Errorf("FLUSHALL answered %q", reply)
		}
		return err
	})
}

// CutOff takes the node off its network: connections break, dialling is refused, and the node itself runs on.
// Docker nodes leave their container network; others need the proxy of Spec.Proxied, and without it the
// error matches ErrUnsupported. For silence instead of refusal see Link.BlackHole.
func (n *Node) CutOff(ctx context.Context) error {
	return n.do(ctx, "cut off", func() error {
		net, ok := n.backend.(network)
		switch {
		case n.cut:
			return nil
		case n.down:
			return errors.New("it is dead")
		case ok:
			if err := net.disconnect(ctx); err != nil {
				return err
			}
		case n.link == nil:
			return fmt.Errorf("%w: it has no network of its own and no proxy in front", ErrUnsupported)
		}
		n.cut = true
		return n.link.down()
	})
}

// Heal undoes CutOff and returns when the node answers PING again; when it is paused, at once.
func (n *Node) Heal(ctx context.Context) error {
	return n.do(ctx, "heal", func() error {
		if !n.cut {
			return nil
		}
		if net, ok := n.backend.(network); ok {
			if err := retryPort(ctx, func() error { return net.connect(ctx) }); err != nil {
				return err
			}
		}
		if err := n.link.up(); err != nil {
			return err
		}
		n.cut = false
		if n.paused {
			return nil
		}
		return await(ctx, n.origin)
	})
}

// up starts the backend, waits for its answer and opens the proxy. On failure the node is dead.
func (n *Node) up(ctx context.Context, mem Memory) error {
	if err := n.backend.start(ctx, mem); err != nil {
		return err
	}
	err := await(ctx, n.origin)
	if err == nil {
		err = n.link.up()
	}
	if err != nil {
		clean, cancel := detached(ctx)
		defer cancel()
		return errors.Join(err, n.backend.kill(clean))
	}
	n.down = false
	return nil
}

// retryPort calls f again, for three seconds, while somebody else has the node's port: mostly that is our own
// last incarnation, whose port the kernel or the engine has not let go yet.
func retryPort(ctx context.Context, f func() error) error {
	deadline := time.Now().Add(3 * time.Second)
	for {
		err := f()
		if !errors.Is(err, errPortTaken) || time.Now().After(deadline) || sleep(ctx, 10*time.Millisecond) != nil {
			return err
		}
	}
}

// do runs one operation with the node to itself, and says in its error which node and which operation.
func (n *Node) do(ctx context.Context, op string, f func() error) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	err := ctx.Err()
	if n.closed {
		err = ErrClosed
	}
	if err == nil {
		err = f()
	}
	return n.explain(op, err)
}

func (n *Node) explain(op string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("cluster: %s node %d (%s): %w", op, n.index+1, n.addr, err)
}

func (n *Node) close() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.closed {
		return nil
	}
	n.closed, n.down = true, true
	err := errors.Join(n.link.down(), n.backend.remove())
	for _, p := range n.ports {
		releasePort(p)
	}
	return n.explain("close", err)
}
