package main

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
)

// three starts three nodes for a test. It skips only where there is no redis-server, and never in CI.
func three(t *testing.T) *nodes {
	t.Helper()
	n, err := startNodes(t.Context(), cluster.Process, 3, false, t.Logf)
	if errors.Is(err, exec.ErrNotFound) && os.Getenv("CI") == "" {
		t.Skip("no redis-server:", err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := n.close(); err != nil {
			t.Error(err)
		}
	})
	return n
}

func grantSource(t *testing.T) string {
	t.Helper()
	text, err := grantScript("../../internal/node/lua")
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// Every subject holds what it says on a majority of its nodes, and gives it back everywhere.
func TestEverySubjectTakesAKeyAndGivesItBack(t *testing.T) {
	n := three(t)
	site := Site{Addrs: n.cluster.Addrs(), Workers: 2, Grant: grantSource(t)}
	for _, k := range kinds {
		t.Run(k.Name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			s, err := k.Open(ctx, site)
			if err != nil {
				t.Fatal(err)
			}
			defer func() {
				if s != nil {
					s.Close()
				}
			}()
			holders := 0
			hold := func() {
				for _, c := range n.clients {
					held, err := count(ctx, c, "bench/test")
					if err != nil {
						t.Error(err)
					}
					// A grant that came after the majority may not be there yet.
					if held == k.batch() {
						holders++
					}
				}
			}
			want := 2
			if k.Single {
				want = 1
			}
			for range 3 {
				holders = 0
				if err := s.Cycle(ctx, 0, "bench/test", hold); err != nil {
					t.Fatal(err)
				}
				if holders < want {
					t.Errorf("held on %d nodes, want %d", holders, want)
				}
				if !k.Single && k.Name != redsyncFast && k.Name != rueidisLock {
					continue
				}
				pause(ctx, 20*time.Millisecond) // these leave releases in the background, and may meet them
			}
			s.Close()
			s = nil
			left, err := n.left(ctx, "bench/test")
			if err != nil {
				t.Fatal(err)
			}
			// redsync's fail-fast may leave some: a release can overtake its late grant. The report counts them.
			if left != 0 && k.Name != redsyncFast {
				t.Errorf("%d keys left", left)
			}
			if err := n.flush(ctx); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// A node that answers an error is an error of the raw client, not a lock.
func TestRawSaysWhenANodeRefuses(t *testing.T) {
	n := three(t)
	s, err := openRaw(t.Context(), n.cluster.Addrs(), 1, "return redis.error_reply('NO')")
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Cycle(t.Context(), 0, "bench/test", nil); !errors.Is(err, errRefused) {
		t.Errorf("got %v, want %v", err, errRefused)
	}
}

// Replies are read right wherever the network cuts them.
func TestRawReadsRepliesInPieces(t *testing.T) {
	const stream = "+OK\r\n$-1\r\n:1\r\n:0\r\n*3\r\n:1700000000000000\r\n:1\r\n:12\r\n" +
		"*3\r\n:1\r\n:0\r\n:1\r\n*2\r\n:1\r\n:0\r\n*2\r\n:1\r\n:-4\r\n:1\r\n"
	want := []bool{true, false, true, false, true, false, true, false, true}
	for cut := range len(stream) + 1 {
		var n rawNode
		var got []bool
		rest := []byte(nil)
		for _, piece := range []string{stream[:cut], stream[cut:]} {
			rest = append(rest, piece...)
			for {
				yes, size, complete := n.next(rest)
				if size == 0 {
					break
				}
				rest = rest[size:]
				if complete {
					got = append(got, yes)
				}
			}
		}
		if len(rest) > 0 || n.failed || !equal(got, want) {
			t.Errorf("cut at %d: got %v, want %v; %d bytes unread, failed %v", cut, got, want, len(rest), n.failed)
		}
	}
	n := rawNode{}
	if n.next([]byte("-NOSCRIPT no\r\n")); !n.failed {
		t.Error("an error is not taken for one")
	}
}

func equal(a, b []bool) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// rueidislock's i-th key goes to the i-th node, and everything else to the first.
func TestRouterSendsTheKeyToItsNode(t *testing.T) {
	n := three(t)
	s, err := rueidislockKind().Open(t.Context(), Site{Addrs: n.cluster.Addrs(), Workers: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	r := s.(rueidislockSubject).locker.Client().(*router)
	for _, c := range []struct {
		words []string
		want  int
	}{
		{[]string{"EVALSHA", "hash", "1", "rueidislock:0:a:b"}, 0},
		{[]string{"EVALSHA", "hash", "1", "rueidislock:2:a:b"}, 2},
		{[]string{"EVAL", "script", "1", "rueidislock:1:bench/1"}, 1},
		{[]string{"EVALSHA", "hash", "1", "rueidislock:7:a"}, 0},
		{[]string{"EVALSHA", "hash", "1", "other"}, 0},
		{[]string{"PING"}, 0},
	} {
		if got := r.node(c.words); got != r.nodes[c.want] {
			t.Errorf("%v does not go to node %d", c.words, c.want)
		}
	}
}
