//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || solaris

package node

import (
	"bufio"
	"io"
	"net"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// A connection that its server closed while it was idle is found out before a command is written to it, and the
// command goes by another connection, as if nothing had been.
func TestStaleConnectionIsReplaced(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	closed := make(chan struct{})
	go func() {
		for first := true; ; first = false {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				r := bufio.NewReader(conn)
				for {
					command, err := readCommand(r)
					if err != nil {
						return
					}
					hello := command[0] == "hello"
					answer := "-ERR unknown command"
					if !hello {
						answer = done(command)
					}
					if _, err := io.WriteString(conn, answer+"\r\n"); err != nil {
						return
					}
					if first && !hello {
						_ = conn.Close()
						close(closed)
						return
					}
				}
			}()
		}
	}()
	n := dial(t, listener.Addr().String(), config(true))
	n.idle = 0
	release := Command{Op: Release, Key: "k", Owner: "a"}
	if r := ask(t, n, release); !r.Yes {
		t.Fatalf("got %+v, want yes", r)
	}
	<-closed
	if r := ask(t, n, release); !r.Yes {
		t.Errorf("got %+v after the server closed the idle connection, want yes", r)
	}
	if down, _ := n.lane.state(); down != nil {
		t.Errorf("got a lane that is down: %v", down)
	}
}

// A batch that takes several writes is not taken for stale when its first replies arrive between them: part of it has
// been carried out, and must not be sent again.
func TestRepliesBetweenTwoWritesAreNoEnd(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	client, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	server, err := listener.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	conn, ok := lively(client, 0, 0, new(atomic.Uint64)).(*livelyConn)
	if !ok {
		t.Fatal("got a connection that is not looked at")
	}
	one := make([]byte, 1)
	if _, err := server.Write(one); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(one); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Write(one); err != nil {
		t.Fatalf("first write: %v", err)
	}
	if _, err := server.Write(one); err != nil {
		t.Fatal(err)
	}
	for !dead(conn.raw) { // until the reply is there to be seen
		runtime.Gosched()
	}
	if _, err := conn.Write(one); err != nil {
		t.Errorf("second write: got %v, want none", err)
	}
}

// A server that comes back is taken up by the first probe, also when connections to it have died that nobody used: they
// are looked at before they are used, because another has had trouble since.
func TestConnectionsThatDiedUnusedAreNoTrouble(t *testing.T) {
	m, n := real(t, true)
	n.exchange(callsFor(n, grant("a")))
	spare := n.client.(*redis.Client).Conn()
	if err := spare.Ping(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
	_ = spare.Close() // back in the pool
	m.Close()
	calls := callsFor(n, grant("a"))
	if n.exchange(calls); calls[0].reply.Err == nil {
		t.Fatalf("got %+v from a server that is away", calls[0].reply)
	}
	if err := m.Restart(); err != nil {
		t.Fatal(err)
	}
	if why := n.probe(); why != nil {
		t.Errorf("got %v from the first probe after the restart, want service", why)
	}
}

// What asks for a deadline gets it, or one that is later by no more than the grace; most of the time nothing has to be set.
func TestDeadlinesAreSetSeldom(t *testing.T) {
	var inner deadlines
	conn := &livelyConn{Conn: &inner, grace: 100 * time.Millisecond}
	begin := time.Now()
	for after := time.Duration(0); after < time.Second; after += time.Millisecond {
		asked := begin.Add(after)
		_ = conn.SetReadDeadline(asked)
		_ = conn.SetWriteDeadline(asked)
		for _, got := range []time.Time{inner.reading, inner.writing} {
			if got.Before(asked) || got.Sub(asked) > conn.grace {
				t.Fatalf("got a deadline %v later than asked for, want up to %v", got.Sub(asked), conn.grace)
			}
		}
	}
	if inner.set > 2*11 {
		t.Errorf("got %d deadlines set for 1000 times two commands, want one in %v", inner.set, conn.grace)
	}
	_ = conn.SetReadDeadline(begin)
	if got := inner.reading.Sub(begin); got > conn.grace {
		t.Errorf("got a deadline %v after one that is earlier than the last, want up to %v", got, conn.grace)
	}
	_ = conn.SetReadDeadline(time.Time{})
	if !inner.reading.IsZero() {
		t.Errorf("got the deadline %v, want none", inner.reading)
	}
}

// deadlines is a connection that remembers its deadlines.
type deadlines struct {
	net.Conn
	reading, writing time.Time
	set              int
}

func (d *deadlines) SetReadDeadline(t time.Time) error {
	d.reading, d.set = t, d.set+1
	return nil
}

func (d *deadlines) SetWriteDeadline(t time.Time) error {
	d.writing, d.set = t, d.set+1
	return nil
}
