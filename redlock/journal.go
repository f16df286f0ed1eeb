package redlock

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// journal stands between the locker and the caller's log handler, which may block: what is told under a lock, or by the
// one goroutine that wakes all leases, must not wait for it (R8). It keeps a bounded number of records, drops those that
// are too many, and hands them on from a goroutine of its own. Safe for concurrent use.
type journal struct {
	slog.Handler
	records chan slog.Record
	over    chan struct{} // closed when the goroutine has ended

	mu     sync.Mutex
	closed bool // guarded by mu
}

// journalSize is how many records may wait for the handler.
const journalSize = 256

func newJournal(handler slog.Handler) *journal {
	j := &journal{Handler: handler, records: make(chan slog.Record, journalSize), over: make(chan struct{})}
	go func() {
		defer close(j.over)
		for r := range j.records {
			_ = j.Handler.Handle(context.Background(), r)
		}
	}()
	return j
}

// Handle implements [slog.Handler]. It never waits.
func (j *journal) Handle(_ context.Context, r slog.Record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	if !j.closed {
		select {
		case j.records <- r.Clone():
		default:
		}
	}
	return nil
}

// close hands the rest on, and waits for that no longer than patience: a handler that blocks for ever is not ours.
func (j *journal) close(patience time.Duration) {
	j.mu.Lock()
	closed := j.closed
	j.closed = true
	j.mu.Unlock()
	if !closed {
		close(j.records)
	}
	select {
	case <-j.over:
	case <-time.After(patience):
	}
}
