package bench

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
)

// recorder gathers what the workers met. Times before the start and after the end of the measured part, the warm-up
// and what comes after an interruption, leave no trace in it. It is safe for concurrent use.
type recorder struct {
	mu                  sync.Mutex
	start, end          time.Time // guarded by mu; of the measured part
	lock, unlock, cycle histogram // guarded by mu
	series              *series   // guarded by mu
	completed           int64     // guarded by mu; cycles that ended inside
	unfinished          int64     // guarded by mu; cycles that were given up at the end
	through             int64     // guarded by mu; locks that were waited for from before the start until after the end
	troubles            troubles  // guarded by mu
	workers             []int64   // guarded by mu; cycles that each completed; none when workers are not told apart
}

// cycle is one lock taken and given back, or the attempt.
type cycle struct {
	worker                  int
	due                     time.Time // when the lock should have been asked for
	locked, unlocking, done time.Time
}

// newRecorder returns a recorder that tells so many workers apart.
func newRecorder(start time.Time, duration time.Duration, workers int) *recorder {
	return &recorder{
		start: start, end: start.Add(duration),
		lock: newHistogram(3), unlock: newHistogram(3), cycle: newHistogram(3),
		series: newSeries(duration), troubles: troubles{}, workers: make([]int64, workers),
	}
}

// whole takes a cycle that went all the way, whatever the unlock said. A latency belongs to the time at which it
// began, a completed cycle to the time at which it ended.
func (r *recorder) whole(c cycle, unlocked error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inside(c.done) {
		r.completed++
		if c.worker < len(r.workers) {
			r.workers[c.worker]++
		}
		r.series.completed(c.done.Sub(r.start))
	}
	r.throughout(c.due, c.locked)
	if !r.inside(c.due) {
		return
	}
	r.lock.record(c.locked.Sub(c.due))
	r.unlock.record(c.done.Sub(c.unlocking))
	r.cycle.record(c.done.Sub(c.due))
	r.series.latency(c.due.Sub(r.start), c.done.Sub(c.due))
	if unlocked != nil {
		r.trouble("unlock", kindOf(unlocked), unlocked, c.due)
	}
}

// failed takes a lock that was not had.
func (r *recorder) failed(due, now time.Time, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.inside(due) {
		r.trouble("lock", kindOf(err), err, due)
	}
}

// abandoned takes a lock that was still waited for when the run ended. It counts with the time that it took until
// then, since without it a load that hangs would look fast.
func (r *recorder) abandoned(due, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.throughout(due, now)
	if !r.inside(due) {
		return
	}
	r.unfinished++
	r.lock.record(now.Sub(due))
	r.cycle.record(now.Sub(due))
	r.series.latency(due.Sub(r.start), now.Sub(due))
}

// cut ends the measured part now, if it has not ended.
func (r *recorder) cut(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Before(r.end) {
		r.end = now
	}
}

// inside reports whether t is in the measured part. Callers hold mu.
func (r *recorder) inside(t time.Time) bool { return !t.Before(r.start) && t.Before(r.end) }

// throughout counts a lock that was waited for all the time: it is in no latency. Callers hold mu.
func (r *recorder) throughout(due, had time.Time) {
	if due.Before(r.start) && !had.Before(r.end) {
		r.through++
	}
}

// trouble counts an error. Callers hold mu.
func (r *recorder) trouble(op, kind string, err error, at time.Time) {
	r.troubles.add(op, kind, err)
	r.series.failed(at.Sub(r.start))
}

// remember takes how much memory the process holds now.
func (r *recorder) remember(now time.Time, bytes uint64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.series.remember(now.Sub(r.start), bytes)
}

// progress returns how many cycles have ended, and the newest figures that there are.
func (r *recorder) progress() (completed int64, newest lately) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.completed, r.series.newest(time.Since(r.start))
}

// fill puts into the part what was gathered.
func (r *recorder) fill(p *part) {
	r.mu.Lock()
	defer r.mu.Unlock()
	p.Measured, p.Completed, p.Unfinished, p.Through = r.end.Sub(r.start), r.completed, r.unfinished, r.through
	p.Workers = r.workers
	p.Lock, p.Unlock, p.Cycle, p.Series = r.lock, r.unlock, r.cycle, r.series
	p.Troubles = r.troubles.sorted()
}

// troubles counts errors by operation and kind, and keeps the first of each as an example.
type troubles map[[2]string]*Trouble

// maxKinds bounds how many kinds are told apart: a kind may be the text of an error.
const maxKinds = 32

func (t troubles) add(op, kind string, err error) {
	one := t.of(op, kind)
	if one.Count++; one.Count == 1 {
		one.Example = err.Error()
	}
}

// of returns the count of a kind, or of all that are not told apart.
func (t troubles) of(op, kind string) *Trouble {
	one := t[[2]string{op, kind}]
	if one == nil && len(t) >= maxKinds {
		kind = "other"
		one = t[[2]string{op, kind}]
	}
	if one == nil {
		one = &Trouble{Op: op, Kind: kind}
		t[[2]string{op, kind}] = one
	}
	return one
}

// joined adds up the errors of two processes.
func joined(a, b []Trouble) []Trouble {
	all := troubles{}
	for _, more := range append(slices.Clone(a), b...) {
		one := all.of(more.Op, more.Kind)
		if one.Count == 0 {
			one.Example = more.Example
		}
		one.Count += more.Count
	}
	return all.sorted()
}

// sorted returns the troubles, the most frequent first.
func (t troubles) sorted() []Trouble {
	all := make([]Trouble, 0, len(t))
	for _, one := range t {
		all = append(all, *one)
	}
	slices.SortFunc(all, func(a, b Trouble) int {
		return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Op, b.Op), cmp.Compare(a.Kind, b.Kind))
	})
	return all
}

// kindOf names what a caller would do something different about.
func kindOf(err error) string {
	for _, known := range []struct {
		err  error
		kind string
	}{
		{redlock.ErrNoQuorum, "no quorum"},
		{redlock.ErrHeld, "held"},
		{redlock.ErrExpired, "expired"},
		{redlock.ErrLost, "lost"},
		{redlock.ErrUnlocked, "unlocked"},
		{redlock.ErrClosed, "closed"},
		{context.DeadlineExceeded, "timeout"},
	} {
		if errors.Is(err, known.err) {
			return known.kind
		}
	}
	return "other"
}
