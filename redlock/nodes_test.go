package redlock

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// fault is what is wrong with a memory node.
type fault int

const (
	healthy fault = iota
	dead          // connections are refused
	hung          // commands go in, are not carried out, and nothing comes back
	mute          // commands are carried out, and the replies are lost
)

// memory is a Redis master in this process that works inside a testing/synctest bubble, with faults on demand.
type memory struct {
	*miniredis.Miniredis
	name string

	mu    sync.Mutex
	fault fault       // guarded by mu
	conns []*pipeConn // guarded by mu
}

// memories returns n nodes.
func memories(t *testing.T, n int) []*memory {
	nodes := make([]*memory, n)
	for i := range nodes {
		nodes[i] = &memory{Miniredis: miniredis.NewMiniRedis(), name: "10.0.0." + strconv.Itoa(i+1) + ":6379"}
		nodes[i].ClockTTL(true)
		t.Cleanup(nodes[i].Close)
	}
	return nodes
}

// on returns a locker over go-redis clients, as a caller would make them, with go-redis's own defaults.
func on(t *testing.T, nodes []*memory, cfg Config) *Locker {
	t.Helper()
	cfg.Fresh = true
	l := between(t, nodes, cfg)
	synctest.Wait() // until it has looked at the nodes
	return l
}

// between returns a locker as on does, to nodes that may have had locks on them before.
func between(t *testing.T, nodes []*memory, cfg Config) *Locker {
	t.Helper()
	clients := make([]redis.UniversalClient, len(nodes))
	for i, m := range nodes {
		client := redis.NewClient(&redis.Options{Addr: m.name, Dialer: m.dial})
		t.Cleanup(func() {
			_ = client.Close()
			time.Sleep(10 * time.Second) // its pool goes on dialing for a while
		})
		clients[i] = client
	}
	l, err := New(clients, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

// fail gives the first count nodes a fault, and the others none.
func fail(nodes []*memory, count int, f fault) {
	for i, m := range nodes {
		if i < count {
			m.set(f)
		} else {
			m.set(healthy)
		}
	}
}

func (m *memory) set(f fault) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fault = f
	if f == dead {
		for _, c := range m.conns {
			_ = c.Close()
		}
		m.conns = nil
	}
}

func (m *memory) now() fault {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.fault
}

func (m *memory) dial(context.Context, string, string) (net.Conn, error) {
	if m.now() == dead {
		return nil, &net.OpError{Op: "dial", Net: "tcp", Err: syscall.ECONNREFUSED}
	}
	conn, err := m.Dial()
	if err != nil {
		return nil, err
	}
	c := newPipeConn(conn, m)
	m.mu.Lock()
	m.conns = append(m.conns, c)
	m.mu.Unlock()
	return c, nil
}

// pipeConn is a connection that shares its node's fault. Unlike the pipe below it, it has a buffer for what the server
// says: a real one does not wait for its replies to be read before it reads on.
type pipeConn struct {
	net.Conn
	node *memory
	in   chan []byte // closed at the end of the connection

	rest     []byte // of what was read from in; the reader's own
	mu       sync.Mutex
	deadline time.Time // guarded by mu; of reads
}

func newPipeConn(conn net.Conn, node *memory) *pipeConn {
	c := &pipeConn{Conn: conn, node: node, in: make(chan []byte, 10_000)}
	go func() {
		defer close(c.in)
		for {
			p := make([]byte, 4096)
			n, err := conn.Read(p)
			if c.node.now() != mute {
				c.in <- p[:n]
			}
			if err != nil {
				return
			}
		}
	}()
	return c
}

func (c *pipeConn) SetReadDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.deadline = t
	return nil
}

func (c *pipeConn) SetDeadline(t time.Time) error {
	_ = c.SetReadDeadline(t)
	return c.SetWriteDeadline(t)
}

func (c *pipeConn) Write(p []byte) (int, error) {
	if c.node.now() == hung {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

func (c *pipeConn) Read(p []byte) (int, error) {
	c.mu.Lock()
	deadline := c.deadline
	c.mu.Unlock()
	var late <-chan time.Time
	if !deadline.IsZero() {
		timer := time.NewTimer(time.Until(deadline))
		defer timer.Stop()
		late = timer.C
	}
	for len(c.rest) == 0 {
		select {
		case more, open := <-c.in:
			if !open {
				return 0, io.EOF
			}
			c.rest = more
		case <-late:
			return 0, os.ErrDeadlineExceeded
		}
	}
	n := copy(p, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// holders returns how many nodes hold the key for the owner.
func holders(nodes []*memory, key, owner string) int {
	count := 0
	for _, m := range nodes {
		if got, err := m.Get(key); err == nil && got == owner {
			count++
		}
	}
	return count
}

// keys returns how many nodes have anything under the key.
func keys(nodes []*memory, key string) int {
	count := 0
	for _, m := range nodes {
		if m.Exists(key) {
			count++
		}
	}
	return count
}

// mustLock returns a lease on the key.
func mustLock(t *testing.T, l *Locker, key string) *Lease {
	t.Helper()
	lease, err := l.Lock(t.Context(), key)
	if err != nil {
		t.Fatalf("Lock(%q): %v", key, err)
	}
	return lease
}

// wantIs fails unless err matches every one of the targets.
func wantIs(t *testing.T, err error, targets ...error) {
	t.Helper()
	for _, target := range targets {
		if !errors.Is(err, target) {
			t.Errorf("got error %q, want one that matches %q", err, target)
		}
	}
}

// soon is long enough for a lane that was down to be up again.
const soon = 3 * time.Second
