package chaos

import (
	"net"
	"testing"
	"time"
)

// To look whether a run makes sense touches nobody's node: a server that was asked by mistake could be declared new, and
// vote although it has forgotten locks.
func TestCompleteAsksNobody(t *testing.T) {
	server, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	asked := make(chan net.Conn, 1)
	go func() {
		if conn, err := server.Accept(); err == nil {
			asked <- conn
		}
	}()
	before := nobody
	nobody = []string{server.Addr().String()}
	defer func() { nobody = before }()
	if _, err := (Config{}).Complete(); err != nil {
		t.Fatal(err)
	}
	select {
	case conn := <-asked:
		conn.Close()
		t.Error("a node was asked, and the run has none yet")
	case <-time.After(200 * time.Millisecond):
	}
}
