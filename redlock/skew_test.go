package redlock

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorumlock/quorumlock/internal/memory"
)

// A6: a node whose clock is further off the others' than the quarantine lasts is named, by Check and once in the log. It
// votes all the same: exclusion does not hang on it. Nodes that are off by less are not named.
func TestSkewIsReported(t *testing.T) {
	alone(t, func(t *testing.T) {
		nodes := memories(t, 5)
		nodes[0].Ahead(-time.Hour)
		nodes[1].Ahead(4 * time.Second)
		var log bytes.Buffer
		l := on(t, nodes, Config{TTL: time.Second, MaxTTL: 5 * time.Second, Logger: slog.New(slog.NewTextHandler(&log, nil))})
		h, err := l.Check(t.Context())
		if err != nil || h.Voting() != 5 {
			t.Fatalf("got %d voting, %v", h.Voting(), err)
		}
		for i, want := range []time.Duration{-time.Hour, 4 * time.Second, 0, 0, 0} {
			got := h.Nodes[i]
			if got.Skew != want {
				t.Errorf("node %d: got a skew of %v want %v", i, got.Skew, want)
			}
			if warned := strings.Contains(got.Warning, "its clock is -1h0m0s off the other nodes', which is more than the quarantine of 5.06s"); warned != (i == 0) {
				t.Errorf("node %d: got the warning %q", i, got.Warning)
			}
		}
		last := uint64(0)
		for range 3 {
			lease := mustLock(t, l, "k")
			synctest.Wait()
			if got := holders(nodes, "k", lease.Owner()); got != 5 || lease.Fence() <= last {
				t.Errorf("got %d votes and fence %d after %d, want all 5 and larger ones", got, lease.Fence(), last)
			}
			last = lease.Fence()
			_ = lease.Unlock(t.Context())
			time.Sleep(time.Minute) // the clocks are read again after a while
		}
		if err := l.Close(); err != nil {
			t.Fatal(err)
		}
		if got := strings.Count(log.String(), "node's clock is far off"); got != 1 || !strings.Contains(log.String(), "node="+nodes[0].Name) {
			t.Errorf("got %d warnings, want one, of the first node:\n%s", got, log.String())
		}
	})
}

// Whose clock is wrong is not known before a majority has told its own, and in mode Plain nothing hangs on it.
func TestSkewOfAMinorityIsNotJudged(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 3)
		nodes[0].Ahead(time.Hour)
		fail(nodes, 3, memory.Dead)
		nodes[0].Set(memory.Healthy)
		if mode == Plain {
			fail(nodes, 0, memory.Healthy)
		}
		l := on(t, nodes, Config{Mode: mode})
		h, _ := l.Check(t.Context())
		want := time.Duration(0)
		if mode == Plain {
			want = time.Hour
		}
		if got := h.Nodes[0]; got.Skew != want || got.Warning != "" {
			t.Errorf("got a skew of %v and the warning %q, want %v and none", got.Skew, got.Warning, want)
		}
	})
}

// A Check whose context ends says that of the nodes that it was still asking, and not that they have failed.
func TestCheckNamesItsContextsEnd(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{Mode: mode})
		fail(nodes, 2, memory.Hung)
		for want, end := range map[error]func() (context.Context, context.CancelFunc){
			context.DeadlineExceeded: func() (context.Context, context.CancelFunc) {
				return context.WithTimeout(t.Context(), 100*time.Millisecond)
			},
			context.Canceled: func() (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(t.Context())
				cancel()
				return ctx, cancel
			},
		} {
			ctx, cancel := end()
			h, err := l.Check(ctx)
			cancel()
			wantIs(t, err, want, ErrNoQuorum)
			for i := range 2 {
				if got := h.Nodes[i].Err; !errors.Is(got, want) || !strings.Contains(got.Error(), want.Error()) {
					t.Errorf("node %d: got %v want %v", i, got, want)
				}
			}
		}
		fail(nodes, 0, memory.Healthy)
		time.Sleep(soon)
	})
}
