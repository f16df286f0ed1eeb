package cluster

import (
	"errors"
	"fmt"
	"net"
	"os"
	"testing"
	"time"
)

// A node that is cut off refuses and breaks its connections, but runs on and remembers.
func TestNodeCutOffIsHealed(t *testing.T) {
	eachKind(t, func(t *testing.T, kind Kind) {
		for _, proxied := range []bool{false, true} {
			if kind != Docker && !proxied {
				continue
			}
			t.Run(fmt.Sprintf("proxied=%v", proxied), func(t *testing.T) {
				c := start(t, Spec{Kind: kind, Nodes: 1, Proxied: proxied, Persist: PersistNo})
				n := c.Node(0)
				want(t, n.Addr(), "SET k v", "+OK")
				conn, err := net.Dial("tcp", n.Addr())
				if err != nil {
					t.Fatal(err)
				}
				defer conn.Close()

				timed(t, "cut off", n.CutOff)
				refused(t, n.Addr())
				conn.SetReadDeadline(time.Now().Add(time.Second))
				if _, err := conn.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
					t.Error("an open connection outlived the cut")
				}
				timed(t, "heal", n.Heal)
				want(t, n.Addr(), "GET k", "v")

				timed(t, "cut off", n.CutOff)
				timed(t, "kill cut off", n.Kill)
				refused(t, n.Addr())
				timed(t, "start", startWith(n, Keep))
				want(t, n.Addr(), "PING", "+PONG")
			})
		}
	})
}

// A node that is flushed has no keys any more, and the proxy before it is not asked.
func TestFlushForgetsEverything(t *testing.T) {
	eachKind(t, func(t *testing.T, kind Kind) {
		c := start(t, Spec{Kind: kind, Nodes: 1, Proxied: true})
		n := c.Node(0)
		want(t, n.Addr(), "SET k v", "+OK")
		if err := n.Link().BlackHole(); err != nil {
			t.Fatal(err)
		}
		timed(t, "flush", n.Flush)
		want(t, n.Origin(), "EXISTS k", ":0")
		timed(t, "kill", n.Kill)
		if err := n.Flush(t.Context()); err == nil {
			t.Error("a dead node was flushed")
		}
	})
}

// A node without a network of its own and without a proxy says that it cannot be cut off.
func TestCutOffWithoutProxyIsUnsupported(t *testing.T) {
	c := start(t, Spec{Kind: Embedded, Nodes: 1})
	if err := c.Node(0).CutOff(t.Context()); !errors.Is(err, ErrUnsupported) {
		t.Errorf("got %v, want ErrUnsupported", err)
	}
	want(t, c.Addrs()[0], "PING", "+PONG")
	if c.Node(0).Link() != nil {
		t.Error("a node without a proxy has a link")
	}
}

// Cures and faults that are there already do nothing, and impossible ones say so.
func TestStateOfANode(t *testing.T) {
	eachKind(t, func(t *testing.T, kind Kind) {
		c := start(t, Spec{Kind: kind, Nodes: 1, Proxied: true})
		n, ctx := c.Node(0), t.Context()
		steps := []struct {
			name string
			do   func() error
			ok   bool
		}{
			{"resume a healthy node", func() error { return n.Resume(ctx) }, true},
			{"heal a healthy node", func() error { return n.Heal(ctx) }, true},
			{"start a running node", func() error { return n.Start(ctx, Keep) }, false},
			{"pause", func() error { return n.Pause(ctx) }, true},
			{"pause again", func() error { return n.Pause(ctx) }, true},
			{"cut off a paused node", func() error { return n.CutOff(ctx) }, true},
			{"cut off again", func() error { return n.CutOff(ctx) }, true},
			{"heal a paused node", func() error { return n.Heal(ctx) }, true},
			{"kill a paused node", func() error { return n.Kill(ctx) }, true},
			{"kill again", func() error { return n.Kill(ctx) }, true},
			{"pause a dead node", func() error { return n.Pause(ctx) }, false},
			{"cut off a dead node", func() error { return n.CutOff(ctx) }, false},
			{"resume a dead node", func() error { return n.Resume(ctx) }, true},
			{"start", func() error { return n.Start(ctx, Forget) }, true},
		}
		for _, s := range steps {
			if err := s.do(); (err == nil) != s.ok {
				t.Errorf("%s: got error %v, want success %v", s.name, err, s.ok)
			}
		}
		want(t, n.Addr(), "PING", "+PONG")
		if log, err := n.Log(ctx); err != nil || log == "" {
			t.Errorf("log: got %q, %v", log, err)
		}
		if err := c.Close(); err != nil {
			t.Error(err)
		}
		if err := n.Start(ctx, Keep); !errors.Is(err, ErrClosed) {
			t.Errorf("start after Close: got %v, want ErrClosed", err)
		}
	})
}
