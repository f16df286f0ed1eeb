package redlocktest

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/quorumlock/quorumlock/internal/memory"
)

// wire is what one process reaches the nodes by.
type wire struct {
	cluster *Cluster

	mu    sync.Mutex
	cut   bool                 // guarded by mu
	conns map[*ending]struct{} // guarded by mu
}

// to returns how connections to a node are opened by the wire.
func (w *wire) to(node *memory.Node) func(ctx context.Context, network, addr string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		// go-redis goes on dialing after whoever asked has given up, and also after it was closed.
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		defer context.AfterFunc(w.cluster.life, cancel)()
		conn, err := w.open(ctx, node)
		if err != nil {
			w.cluster.mu.Lock()
			w.cluster.refused = time.Now()
			w.cluster.mu.Unlock()
		}
		return conn, err
	}
}

func (w *wire) open(ctx context.Context, node *memory.Node) (net.Conn, error) {
	conn, err := node.Connect(ctx, "", "")
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.cut {
		return nil, errors.Join(conn.Close(), &net.OpError{Op: "dial", Net: "tcp", Err: syscall.EHOSTUNREACH})
	}
	if w.conns == nil {
		w.conns = make(map[*ending]struct{})
	}
	e := &ending{Conn: conn, wire: w}
	w.conns[e] = struct{}{}
	return e, nil
}

// sever ends all connections and lets none be opened, until mend.
func (w *wire) sever() {
	w.mu.Lock()
	w.cut = true
	conns := w.conns
	w.conns = nil
	w.mu.Unlock()
	for e := range conns {
		_ = e.Conn.Close()
	}
}

func (w *wire) mend() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.cut = false
}

// ending is a connection that leaves its wire when it is closed.
type ending struct {
	net.Conn
	wire *wire
}

func (e *ending) Close() error {
	e.wire.mu.Lock()
	delete(e.wire.conns, e)
	e.wire.mu.Unlock()
	return e.Conn.Close()
}

// SyscallConn has go-redis find out whether the server has gone before it uses a connection that was idle, as it does by
// looking into a socket.
func (e *ending) SyscallConn() (syscall.RawConn, error) { return socket{e.Conn}, nil }

// socket is what go-redis looks into.
type socket struct{ conn net.Conn }

func (s socket) Read(func(fd uintptr) bool) error {
	if c, ok := s.conn.(interface{ Over() bool }); ok && c.Over() {
		return io.EOF
	}
	return nil
}

func (socket) Write(func(fd uintptr) bool) error { return errors.ErrUnsupported }
func (socket) Control(func(fd uintptr)) error    { return errors.ErrUnsupported }

// options are those of a client that neither repeats commands nor goes on dialing, as those of redlock.Dial.
func options(node *memory.Node, dialer func(ctx context.Context, network, addr string) (net.Conn, error)) *redis.Options {
	return &redis.Options{
		Addr: node.Name, Dialer: dialer, MaxRetries: -1, DialerRetries: 1, ContextTimeoutEnabled: true, DisableIdentity: true,
		Protocol: 2, ConnMaxIdleTime: -1,
		MaintNotificationsConfig: &maintnotifications.Config{Mode: maintnotifications.ModeDisabled},
	}
}
