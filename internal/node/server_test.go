package node

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/redis/go-redis/v9"
)

type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

// go-redis tells standard error of every connection that it cannot open; the tests break them by the dozen.
func TestMain(m *testing.M) {
	redis.SetLogger(quiet{})
	os.Exit(m.Run())
}

// server is a Redis of which the test writes the replies, in RESP: "+OK", "-ERR no", ":1", "$-1". An empty reply closes
// the connection.
type server struct {
	addr string
	stop func() // no more connections

	mu    sync.Mutex
	asked []string // guarded by mu; the commands so far, as "SET k v"
}

// serve answers every command but those of the handshake with what reply returns.
func serve(t *testing.T, reply func(command []string) string) *server {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{addr: listener.Addr().String(), stop: func() { _ = listener.Close() }}
	var wg sync.WaitGroup
	t.Cleanup(func() {
		s.stop()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			wg.Go(func() { s.talk(conn, reply) })
		}
	})
	return s
}

func (s *server) talk(conn net.Conn, reply func(command []string) string) {
	defer conn.Close()
	r := bufio.NewReader(conn)
	for {
		command, err := readCommand(r)
		if err != nil {
			return
		}
		answer := "-ERR unknown command 'HELLO'"
		if command[0] != "hello" {
			s.mu.Lock()
			s.asked = append(s.asked, strings.Join(command, " "))
			s.mu.Unlock()
			answer = reply(command)
		}
		if answer == "" {
			return
		}
		if _, err := io.WriteString(conn, answer+"\r\n"); err != nil {
			return
		}
	}
}

// done is the reply that carries out every command of a script.
func done(command []string) string {
	keys, err := strconv.Atoi(command[min(2, len(command)-1)])
	if err != nil {
		return "-ERR not a script"
	}
	is := func(s script) bool { return command[1] == s.hash || command[1] == s.source }
	args := command[3+keys:]
	clock := fmt.Sprintf("\r\n:%d", time.Now().UnixMicro())
	switch {
	case is(grants):
		count := keys/2 - 1
		return fmt.Sprintf("*%d", 1+2*count) + clock + strings.Repeat("\r\n:1\r\n:0", count)
	case is(boot):
		meta := fmt.Sprintf("%016d 60000 1: - -", 0)
		return fmt.Sprintf("*3\r\n:1\r\n$%d\r\n%s", len(meta), meta) + clock
	case is(batch):
		count := 0
		for args = args[1:]; len(args) > 0; count++ {
			args = args[map[string]int{"2": 3, "3": 3, "4": 2}[args[0]]:]
		}
		return fmt.Sprintf("*%d", 1+count) + clock + strings.Repeat("\r\n:1", count)
	case is(releases):
		return fmt.Sprintf("*%d", keys) + strings.Repeat("\r\n:1", keys)
	case is(withdrawals):
		return fmt.Sprintf("*%d", keys-1) + strings.Repeat("\r\n:1", keys-1)
	default:
		return ":1"
	}
}

// forward has another server answer, and returns what it said, to the byte.
func forward(t *testing.T, addr string, command []string) string {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return ""
	}
	defer conn.Close()
	var b strings.Builder
	fmt.Fprintf(&b, "*%d\r\n", len(command))
	for _, word := range command {
		fmt.Fprintf(&b, "$%d\r\n%s\r\n", len(word), word)
	}
	fmt.Fprint(&b, "*1\r\n$4\r\nQUIT\r\n")
	if _, err := io.WriteString(conn, b.String()); err != nil {
		t.Error(err)
	}
	reply, err := io.ReadAll(conn)
	if err != nil {
		t.Error(err)
	}
	return strings.TrimSuffix(strings.TrimSuffix(string(reply), "+OK\r\n"), "\r\n")
}

// names returns the names of the commands so far.
func (s *server) names() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var names []string
	for _, c := range s.asked {
		names = append(names, strings.ToUpper(strings.Fields(c)[0]))
	}
	return strings.Join(names, " ")
}

// readCommand reads an array of bulk strings.
func readCommand(r *bufio.Reader) ([]string, error) {
	var count int
	if err := readHeader(r, '*', &count); err != nil {
		return nil, err
	}
	command := make([]string, count)
	for i := range command {
		var size int
		if err := readHeader(r, '$', &size); err != nil {
			return nil, err
		}
		text := make([]byte, size+2)
		if _, err := io.ReadFull(r, text); err != nil {
			return nil, err
		}
		command[i] = string(text[:size])
	}
	return command, nil
}

func readHeader(r *bufio.Reader, kind byte, value *int) error {
	line, err := r.ReadString('\n')
	if err != nil {
		return err
	}
	if line[0] != kind {
		return fmt.Errorf("got %q, want a line that begins with %c", line, kind)
	}
	*value, err = strconv.Atoi(strings.TrimSpace(line[1:]))
	return err
}

// answers collects what a node answers, by round.
type answers struct {
	mu   sync.Mutex
	got  map[uint32]Reply
	more chan struct{}
}

func newAnswers() *answers {
	return &answers{got: map[uint32]Reply{}, more: make(chan struct{}, 10000)}
}

func (a *answers) Answer(_ int, round uint32, r Reply) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if _, twice := a.got[round]; twice {
		panic(fmt.Sprintf("round %d was answered twice", round))
	}
	a.got[round] = r
	a.more <- struct{}{}
}

// wait returns the answers when there are n.
func (a *answers) wait(t *testing.T, n int) map[uint32]Reply {
	t.Helper()
	for range n {
		select {
		case <-a.more:
		case <-time.After(20 * time.Second):
			t.Fatal("no answer")
		}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.got
}

func config(fenced bool) Config {
	return Config{
		Timeout: 2 * time.Second, Fenced: fenced, Logger: slog.New(slog.DiscardHandler),
		Drift:  clock.Drift{Floor: time.Hour}, // tests set their servers' clocks
		Policy: Policy{Longest: time.Minute, Stretch: 1, Members: "1:", Fresh: true},
	}
}

// dial returns a node at the address, closed at the end of the test.
func dial(t *testing.T, addr string, cfg Config) *Node {
	t.Helper()
	n, err := Dial(7, addr, nil, cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = n.Close(context.Background()) })
	<-n.lane.open // some tests do themselves what the lane's goroutine does
	return n
}

// ask sends the command and returns the answer.
func ask(t *testing.T, n *Node, c Command) Reply {
	t.Helper()
	a := newAnswers()
	c.To, c.Round = a, 1
	if err := n.Send(c); err != nil {
		t.Fatalf("Send: %v", err)
	}
	return a.wait(t, 1)[1]
}

// real returns a node over a Redis that is one as far as the scripts can tell.
func real(t *testing.T, fenced bool) (*miniredis.Miniredis, *Node) {
	t.Helper()
	m := miniredis.RunT(t)
	return m, dial(t, m.Addr(), config(fenced))
}
