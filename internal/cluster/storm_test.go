package cluster

import (
	"context"
	"net"
	"sync"
	"testing"
	"time"
)

// All faults at once, under load, through proxies: none fails, and in the end every node is well and nothing leaks.
func TestStormOfFaults(t *testing.T) {
	for _, kind := range []Kind{Process, Embedded} { // a storm of containers takes minutes
		t.Run(string(kind), func(t *testing.T) {
			needs(t, kind)
			c := start(t, Spec{Kind: kind, Nodes: 3, Proxied: true})
			until := time.Now().Add(1500 * time.Millisecond)
			var wg sync.WaitGroup
			for i := range 30 {
				wg.Go(func() {
					for time.Now().Before(until) {
						chatter(c.Addrs()[i%3], until)
					}
				})
			}
			for _, n := range c.Nodes() {
				wg.Go(func() { storm(t, n, until) })
			}
			wg.Wait()
			for _, addr := range c.Addrs() {
				want(t, addr, "PING", "+PONG")
			}
		})
	}
}

// chatter sends pings on one connection until it breaks.
func chatter(addr string, until time.Time) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		time.Sleep(time.Millisecond)
		return
	}
	defer conn.Close()
	b := make([]byte, 4096)
	for err == nil && time.Now().Before(until) {
		conn.SetDeadline(time.Now().Add(50 * time.Millisecond))
		if _, err = conn.Write([]byte("*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n")); err == nil {
			_, err = conn.Read(b)
		}
	}
}

func storm(t *testing.T, n *Node, until time.Time) {
	ctx := t.Context()
	try := func(f func(context.Context) error) {
		if err := f(ctx); err != nil {
			t.Error(err)
		}
	}
	link := func(f func() error) { try(func(context.Context) error { return f() }) }
	for time.Now().Before(until) {
		link(n.Link().DropReplies)
		time.Sleep(15 * time.Millisecond)
		link(func() error { return n.Link().Slow(7 * time.Millisecond) })
		time.Sleep(15 * time.Millisecond)
		try(func(ctx context.Context) error { return n.Restart(ctx, Keep) })
		time.Sleep(15 * time.Millisecond)
		try(n.CutOff)
		try(n.Heal)
		try(n.Pause)
		time.Sleep(15 * time.Millisecond)
		try(n.Resume)
		link(n.Link().BlackHole)
		time.Sleep(15 * time.Millisecond)
		link(n.Link().Restore)
	}
}
