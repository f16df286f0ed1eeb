package node

import (
	"errors"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// errStale is a connection that died while it was idle: nothing was written to it, so the command can go by another.
var errStale = errors.New("the connection died while it was idle")

// lively returns conn with a cheaper health check than go-redis's, which peeks into the socket before every use: a
// system call for each batch. A connection that has just answered needs none. One that has been idle for longer than
// idle does, and one that has not been used since another had trouble: its server may have restarted, or closed it, and the
// command would be lost. troubles counts those of all connections to the server.
func lively(conn net.Conn, idle, grace time.Duration, troubles *atomic.Uint64) net.Conn {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return conn // TLS: go-redis does not look there either
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return conn
	}
	return &livelyConn{Conn: conn, raw: raw, idle: idle, grace: grace, troubles: troubles}
}

// livelyConn hides its socket from go-redis.
type livelyConn struct {
	net.Conn
	raw  syscall.RawConn
	idle time.Duration
	used atomic.Int64 // when it was read from last, in ns of our own clock; 0: never, or written to since

	troubles *atomic.Uint64
	known    atomic.Uint64 // how many troubles there had been then

	// When reads and writes end, if they hang: up to grace later than go-redis asked for. It asks anew for every command,
	// which costs as much as to write the command, and is not worth it as long as the last ones have not passed.
	grace            time.Duration
	reading, writing time.Time
}

// SetReadDeadline is for the goroutine that uses the connection.
func (c *livelyConn) SetReadDeadline(t time.Time) error {
	if c.serves(c.reading, t) {
		return nil
	}
	c.reading = c.later(t)
	return c.Conn.SetReadDeadline(c.reading)
}

// SetWriteDeadline is for the goroutine that uses the connection.
func (c *livelyConn) SetWriteDeadline(t time.Time) error {
	if c.serves(c.writing, t) {
		return nil
	}
	c.writing = c.later(t)
	return c.Conn.SetWriteDeadline(c.writing)
}

// SetDeadline is for the goroutine that uses the connection.
func (c *livelyConn) SetDeadline(t time.Time) error {
	c.reading, c.writing = t, t
	return c.Conn.SetDeadline(t)
}

// later is what to set for t, so that it serves for a while; the zero time is none.
func (c *livelyConn) later(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Add(c.grace)
}

// serves reports whether a deadline that is set will do for t.
func (c *livelyConn) serves(set, t time.Time) bool {
	return !t.IsZero() && !set.Before(t) && set.Sub(t) <= c.grace
}

func (c *livelyConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == nil {
		c.used.Store(int64(now().Mono()))
		c.known.Store(c.troubles.Load())
	}
	return n, err
}

func (c *livelyConn) Write(p []byte) (int, error) {
	// Only the first write after a read can be put back as a whole, and only then is there nothing to be read.
	used := c.used.Swap(0)
	if used != 0 && (c.known.Load() != c.troubles.Load() || now().Mono()-time.Duration(used) > c.idle) {
		_ = c.SetReadDeadline(time.Time{}) // the last one has passed, and a look is a read
		if dead(c.raw) {
			return 0, errStale
		}
	}
	return c.Conn.Write(p)
}
