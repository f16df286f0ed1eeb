package cluster

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

// A dead node whose files were replaced comes back with what these say: an older state, or a log without its end.
func TestNodeWhoseFilesAreReplaced(t *testing.T) {
	for _, kind := range []Kind{Process, Docker} {
		t.Run(string(kind), func(t *testing.T) {
			needs(t, kind)
			c := start(t, Spec{Kind: kind, Nodes: 1})
			n, ctx := c.Node(0), t.Context()
			want(t, n.Addr(), "SET k old", "+OK")
			old, err := n.Files(ctx)
			if err != nil {
				t.Fatal(err)
			}
			want(t, n.Addr(), "SET k new", "+OK")
			want(t, n.Addr(), "SET last v", "+OK")
			if err := n.Put(ctx, old); err == nil {
				t.Error("got no error for the files of a node that runs")
			}
			restart := func(change func() Files) {
				t.Helper()
				if err := n.Kill(ctx); err != nil {
					t.Fatal(err)
				}
				if err := n.Put(ctx, change()); err != nil {
					t.Fatal(err)
				}
				if err := n.Start(ctx, Keep); err != nil {
					t.Fatal(err)
				}
			}
			restart(func() Files {
				files, err := n.Files(ctx)
				if err != nil {
					t.Fatal(err)
				}
				cut := Files{}
				for name, content := range files {
					if i := bytes.Index(content, []byte("last")); strings.HasSuffix(name, ".incr.aof") && i >= 0 {
						cut[name] = content[:i]
					}
				}
				if len(cut) != 1 {
					t.Fatalf("got %d logs with the last command", len(cut))
				}
				return cut
			})
			want(t, n.Addr(), "GET k", "new")
			want(t, n.Addr(), "GET last", "$-1")
			restart(func() Files { return old })
			want(t, n.Addr(), "GET k", "old")
		})
	}
}

// A node without a disk says so.
func TestEmbeddedNodeHasNoFiles(t *testing.T) {
	c := start(t, Spec{Kind: Embedded, Nodes: 1})
	if _, err := c.Node(0).Files(t.Context()); !errors.Is(err, ErrUnsupported) {
		t.Errorf("got %v, want ErrUnsupported", err)
	}
	if err := c.Node(0).Put(t.Context(), Files{}); !errors.Is(err, ErrUnsupported) {
		t.Errorf("got %v, want ErrUnsupported", err)
	}
}
