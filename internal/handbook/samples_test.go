package handbook

import (
	"bufio"
	"context"
	"io"
	"net"
	"regexp"
	"strings"
	"testing"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// loading serves as a Redis does that is reading its data, and returns its address.
func loading(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				for lines := bufio.NewReader(conn); ; {
					line, err := lines.ReadString('\n')
					if err != nil {
						return
					}
					if strings.HasPrefix(line, "*") { // one command, one answer
						if _, err := io.WriteString(conn, "-LOADING Redis is loading the dataset in memory\r\n"); err != nil {
							return
						}
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// realErrors returns errors as the library makes them.
func realErrors(t *testing.T) []string {
	t.Helper()
	ctx := context.Background()
	c, err := cluster.Start(ctx, cluster.Spec{Kind: cluster.Embedded, Nodes: 5})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	declareNew(t, c.Addrs())
	dial := func(addrs []string) *redlock.Locker {
		l, err := redlock.Dial(addrs, redlock.Config{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { l.Close() })
		return l
	}
	l := dial(c.Addrs())
	lease, err := l.Lock(ctx, "orders/42")
	if err != nil {
		t.Fatal(err)
	}
	_, held := dial(c.Addrs()).TryLock(ctx, "orders/42")
	if err := lease.Unlock(ctx); err != nil {
		t.Fatal(err)
	}
	twice := lease.Unlock(ctx)
	if err := c.Node(0).Kill(ctx); err != nil {
		t.Fatal(err)
	}
	if err := c.Node(1).Pause(ctx); err != nil {
		t.Fatal(err)
	}
	l = dial(append(c.Addrs()[:4], loading(t)))
	_, first := l.TryLock(ctx, "orders/42")
	_, second := l.TryLock(ctx, "orders/42") // by now the node that hangs is known to
	return []string{held.Error(), twice.Error(), first.Error(), second.Error()}
}

// need is how many nodes an error says that it takes, and of how many.
var need = regexp.MustCompile(`\(need \d+ of \d+`)

// said cuts an error into what it says before the nodes, and what each node says, without figures.
func said(line string) (text string, nodes []string) {
	parts := strings.Split(strings.TrimSuffix(line, ")"), "; ")
	for _, part := range parts[1:] {
		nodes = append(nodes, masked(part))
	}
	return masked(need.ReplaceAllString(parts[0], "(need")), nodes
}

// Errors that pages show are as the library makes them, but for addresses and figures.
func TestErrorSamplesAreReal(t *testing.T) {
	texts, nodes := map[string]bool{}, map[string]bool{}
	for _, line := range realErrors(t) {
		text, each := said(line)
		texts[text] = true
		for _, one := range each {
			nodes[one] = true
		}
	}
	count := 0
	for page, text := range pages(t) {
		all, err := blocks(page, text)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range all {
			if b.language != "" || !strings.HasPrefix(b.text, "redlock: ") {
				continue
			}
			for line := range strings.Lines(b.text) {
				count++
				text, each := said(strings.TrimSpace(line))
				if !texts[text] {
					t.Errorf("%v: no error reads %q; got %v", b, text, texts)
				}
				for _, one := range each {
					if !nodes[one] {
						t.Errorf("%v: no node says %q; got %v", b, one, nodes)
					}
				}
			}
		}
	}
	if count < 5 {
		t.Errorf("looked at %d samples, want at least 5", count)
	}
}
