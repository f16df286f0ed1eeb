package redlock

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorumlock/quorumlock/internal/memory"
)

// Close gives back what is held, ends who waits, and leaves no key and (the bubble sees to that) no goroutine.
func TestCloseEndsEverything(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{Mode: mode})
		lease := mustLock(t, l, "k")
		waited := make(chan error, 1)
		go func() {
			_, err := l.Lock(t.Context(), "k")
			waited <- err
		}()
		time.Sleep(time.Second)
		if err := l.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		wantIs(t, <-waited, ErrClosed)
		wantIs(t, lease.Err(), ErrUnlocked)
		synctest.Wait()
		if got := keys(nodes, "k"); got != 0 {
			t.Errorf("got the key on %d nodes after Close, want 0", got)
		}
		_, err := l.Lock(t.Context(), "k")
		wantIs(t, err, ErrClosed)
		_, err = l.WithTTL(time.Second).TryLock(t.Context(), "k")
		wantIs(t, err, ErrClosed)
		if err := l.Close(); err != nil {
			t.Errorf("second Close: %v", err)
		}
	})
}

// Close is bounded, whatever hangs.
func TestCloseIsBounded(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{Mode: mode})
		mustLock(t, l, "k")
		fail(nodes, 3, memory.Hung)
		start := time.Now()
		_ = l.Close()
		if took := time.Since(start); took > 5*l.cfg.NodeTimeout {
			t.Errorf("took %v, want at most 5 times NodeTimeout", took)
		}
	})
}

// Close says when a node did not hear that a lease was given back.
func TestCloseNamesNodesThatDidNotHear(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{Mode: mode})
		mustLock(t, l, "k")
		synctest.Wait()
		fail(nodes, 2, memory.Dead)
		err := l.Close()
		for i, m := range nodes {
			if named := err != nil && strings.Contains(err.Error(), m.Name); named != (i < 2) {
				t.Errorf("got %v, want it to name the first two nodes and not the third", err)
			}
		}
		if errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, which matches a context's end", err)
		}
	})
}

// A Lock that begins as Close does leaves nothing behind, wherever they meet.
func TestCloseRacesLock(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 3)
		for range 60 {
			l := on(t, nodes, Config{Mode: mode})
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					for {
						lease, err := l.TryLock(t.Context(), "k")
						if errors.Is(err, ErrClosed) {
							return
						}
						if err == nil {
							runtime.Gosched()
							_ = lease.Unlock(t.Context())
						}
					}
				})
			}
			for range rand.IntN(6) {
				runtime.Gosched()
			}
			if err := l.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
			wg.Wait()
			synctest.Wait()
			if got := keys(nodes, "k"); got != 0 {
				t.Fatalf("got the key on %d nodes after Close, want 0", got)
			}
		}
	})
}

// Do tells when Close took the key away while fn was at work.
func TestDoTellsOfClose(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		l := on(t, memories(t, 3), Config{Mode: mode})
		err := l.Do(t.Context(), "k", func(ctx context.Context, _ *Lease) error {
			go l.Close()
			<-ctx.Done()
			return nil
		})
		wantIs(t, err, ErrClosed)
	})
}

// R8: a log handler that blocks keeps no holder from hearing, and no lock from being taken.
func TestBlockedLoggerHoldsNobodyUp(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		block := make(chan struct{})
		defer close(block)
		nodes := memories(t, 3)
		l := on(t, nodes, Config{Mode: mode, TTL: time.Second, NoRenew: true, Logger: slog.New(blocked{block})})
		one, other := mustLock(t, l, "one"), mustLock(t, l, "other")
		time.Sleep(2 * time.Second)
		<-one.Done()
		<-other.Done()
		fail(nodes, 1, memory.Dead) // logged, too
		mustLock(t, l, "one")
	})
}

// blocked is a handler that does not return.
type blocked struct {
	until chan struct{}
}

func (b blocked) Enabled(context.Context, slog.Level) bool { return true }
func (b blocked) WithAttrs([]slog.Attr) slog.Handler       { return b }
func (b blocked) WithGroup(string) slog.Handler            { return b }
func (b blocked) Handle(context.Context, slog.Record) error {
	<-b.until
	return nil
}
