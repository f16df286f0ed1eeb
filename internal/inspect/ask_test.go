package inspect

import (
	"bufio"
	"net"
	"strings"
	"testing"
	"time"
)

// busy answers as a node that holds a key for ann, and is busy with a script after it has told that so many times.
func busy(t *testing.T, after int) (addr string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				lines, gets := bufio.NewScanner(conn), 0
				for lines.Scan() {
					var reply string
					switch word := strings.ToLower(lines.Text()); word {
					case "hello":
						reply = "-ERR unknown command\r\n"
					case "pttl":
						reply = ":5000\r\n"
					case "zrange":
						reply = "*0\r\n"
					case "time":
						reply = "*2\r\n$1\r\n1\r\n$1\r\n1\r\n"
					case "get":
						lines.Scan() // the length
						lines.Scan()
						if reply = "$-1\r\n"; lines.Text() == "k" {
							if reply = "$36\r\n" + ann + "\r\n"; gets >= after {
								reply = "-BUSY Redis is busy running a script\r\n"
							}
							gets++
						}
					}
					_, _ = conn.Write([]byte(reply))
				}
			}()
		}
	}()
	return listener.Addr().String()
}

// A node that does not tell who has a key has not said that it is free, although it was asked twice and told once.
func TestAnAnswerThatIsNotToldIsUnknown(t *testing.T) {
	for after, want := range map[int]State{0: Unknown, 1: Unknown, 2: Held} {
		looker, err := Open(Config{Addrs: []string{busy(t, after)}, Timeout: 5 * time.Second})
		if err != nil {
			t.Fatal(err)
		}
		r := looker.Look(t.Context(), []string{"k"})
		looker.Close()
		if n := r.Keys[0].Nodes[0]; n.State != want || strings.Contains(n.Error, "BUSY") != (want == Unknown) {
			t.Errorf("busy after %d answers: got %+v, want %s", after, n, want)
		}
	}
}
