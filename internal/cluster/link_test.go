package cluster

import (
	"bufio"
	"io"
	"net"
	"testing"
	"time"
)

// A request whose reply is dropped has been obeyed, though its client never hears of it; the connection stays
// open until the link is restored.
func TestDroppedReplyOfAnObeyedRequest(t *testing.T) {
	eachKind(t, func(t *testing.T, kind Kind) {
		c := start(t, Spec{Kind: kind, Nodes: 1, Proxied: true})
		n := c.Node(0)
		if err := n.Link().DropReplies(); err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("tcp", n.Addr())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		io.WriteString(conn, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n")
		silentConn(t, conn)
		want(t, n.origin, "GET k", "v")
		if err := n.Link().Restore(); err != nil {
			t.Fatal(err)
		}
		want(t, n.Addr(), "GET k", "v")
		conn.SetReadDeadline(time.Now().Add(time.Second))
		if got, err := io.ReadAll(conn); err != nil && isTimeout(err) || len(got) > 0 {
			t.Errorf("the connection with a hole: got %q, %v; want it broken", got, err)
		}
	})
}

// A request into a black hole is not obeyed, also on a connection that was open before.
func TestBlackHoleSwallowsRequests(t *testing.T) {
	c := start(t, Spec{Kind: Embedded, Nodes: 1, Proxied: true})
	n := c.Node(0)
	conn, err := net.Dial("tcp", n.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "*1\r\n$4\r\nPING\r\n")
	if line, err := bufio.NewReader(conn).ReadString('\n'); line != "+PONG\r\n" {
		t.Fatalf("got %q, %v before the black hole", line, err)
	}
	if err := n.Link().BlackHole(); err != nil {
		t.Fatal(err)
	}
	io.WriteString(conn, "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n")
	silentConn(t, conn)
	silent(t, n.Addr())
	want(t, n.origin, "GET k", "$-1")
	if err := n.Link().Restore(); err != nil {
		t.Fatal(err)
	}
	want(t, n.Addr(), "PING", "+PONG")
}

// A slow link takes its delay and no command is lost; Slow replaces Slow, 0 ends it, and it outlives a kill.
func TestSlowLinkTakesItsDelay(t *testing.T) {
	c := start(t, Spec{Kind: Embedded, Nodes: 1, Proxied: true})
	n := c.Node(0)
	took := func() time.Duration {
		began := time.Now()
		want(t, n.Addr(), "PING", "+PONG")
		return time.Since(began)
	}
	for _, delay := range []time.Duration{20 * time.Millisecond, 101 * time.Millisecond} {
		if err := n.Link().Slow(delay); err != nil {
			t.Fatal(err)
		}
		if got := took(); got < delay {
			t.Errorf("a round trip took %v, want at least %v", got, delay)
		}
	}
	if err := n.Kill(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused(t, n.Addr()) // the proxy of a dead node is as dead
	if err := n.Start(t.Context(), Forget); err != nil {
		t.Fatal(err)
	}
	if got := took(); got < 101*time.Millisecond {
		t.Errorf("after a restart a round trip took %v, want at least 101ms", got)
	}
	if err := n.Link().Slow(0); err != nil {
		t.Fatal(err)
	}
	if got := took(); got > 90*time.Millisecond {
		t.Errorf("a restored round trip took %v", got)
	}
}

func silentConn(t *testing.T, conn net.Conn) {
	t.Helper()
	conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	b := make([]byte, 100)
	if n, err := conn.Read(b); !isTimeout(err) {
		t.Errorf("got %q, %v; want an open connection and silence", b[:n], err)
	}
}

func isTimeout(err error) bool {
	e, ok := err.(net.Error)
	return ok && e.Timeout()
}
