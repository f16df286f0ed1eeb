package demo

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/quorumlock/quorumlock/internal/cluster"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func short(nodes int, tell func(Event)) Config {
	return Config{
		Kind: cluster.Embedded, Nodes: nodes, TTL: 5 * time.Second, Act: 500 * time.Millisecond,
		Key: "k", Names: []string{"ann", "ben", "cy"}, Tell: tell,
	}
}

// The play comes to its end and keeps every promise, and its events come in the order of their times.
func TestPlay(t *testing.T) {
	t.Parallel()
	var last time.Duration
	seen := map[Kind]int{}
	h, err := Run(t.Context(), short(3, func(e Event) {
		if e.At < last {
			t.Errorf("%s at %v, after one at %v", e.Kind, e.At, last)
		}
		last = e.At
		seen[e.Kind]++
	}))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range Judge(h) {
		if !r.OK() {
			t.Errorf("%s (%s): %q", r.Name, r.Saw, r.Problems)
		}
	}
	for kind, want := range map[Kind]int{Starting: 1, Ready: 1, Act: 4, Clings: 1, Lost: 1, Killing: 2, Killed: 2, Reviving: 1, Revived: 2, Alone: 2, Removing: 1} {
		if seen[kind] != want {
			t.Errorf("%s: got %d events, want %d", kind, seen[kind], want)
		}
	}
}

// A play that is stopped, in whatever act, says so, and leaves nothing running.
func TestStop(t *testing.T) {
	t.Parallel()
	for _, kind := range []Kind{Starting, Ready, Holds, Killed, Clings, Revived} {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			ctx, stop := context.WithCancel(t.Context())
			h, err := Run(ctx, short(3, func(e Event) {
				if e.Kind == kind {
					stop()
				}
			}))
			if h != nil || !errors.Is(err, ErrStopped) && kind != Starting || err == nil {
				t.Errorf("got %v, %v; want %v", h, err, ErrStopped)
			}
		})
	}
}
