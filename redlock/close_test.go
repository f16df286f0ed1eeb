package redlock

import (
	"testing"
	"testing/synctest"
	"time"
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
		fail(nodes, 3, hung)
		start := time.Now()
		_ = l.Close()
		if took := time.Since(start); took > 5*l.cfg.NodeTimeout {
			t.Errorf("took %v, want at most 5 times NodeTimeout", took)
		}
	})
}
