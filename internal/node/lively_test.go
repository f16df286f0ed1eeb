//go:build darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd || solaris

package node

import (
	"bufio"
	"io"
	"net"
	"runtime"
	"testing"
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
	conn, ok := lively(client, 0).(*livelyConn)
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
