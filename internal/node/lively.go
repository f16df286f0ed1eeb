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
// idle does: its server may have restarted, or closed it, and the command would be lost.
func lively(conn net.Conn, idle time.Duration) net.Conn {
	socket, ok := conn.(syscall.Conn)
	if !ok {
		return conn // TLS: go-redis does not look there either
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return conn
	}
	return &livelyConn{Conn: conn, raw: raw, idle: idle}
}

// livelyConn hides its socket from go-redis.
type livelyConn struct {
	net.Conn
	raw  syscall.RawConn
	idle time.Duration
	used atomic.Int64 // when it was read from last, in ns of our own clock; 0: never, or written to since
}

func (c *livelyConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err == nil {
		c.used.Store(int64(now().Mono()))
	}
	return n, err
}

func (c *livelyConn) Write(p []byte) (int, error) {
	// Only the first write after a read can be put back as a whole, and only then is there nothing to be read.
	if used := c.used.Swap(0); used != 0 && now().Mono()-time.Duration(used) > c.idle {
		_ = c.SetReadDeadline(time.Time{}) // the last one has passed, and a look is a read
		if dead(c.raw) {
			return 0, errStale
		}
	}
	return c.Conn.Write(p)
}
