package redlock

import (
	"container/heap"
	"sync"
	"time"

	"github.com/quorumlock/quorumlock/clock"
)

const (
	// tick is how often the timetable looks whether time has jumped, while there is anything in it: timers stand
	// still while the machine sleeps, but leases do not (R8).
	tick = 250 * time.Millisecond
	// jump is by how much wall and monotonic clock must part between two looks to be taken for suspend or a clock
	// that was set, and not for slewing.
	jump = time.Millisecond
)

// timetable wakes leases at the times that they ask for: one goroutine for all leases of a locker, and no timer for
// each. It is also the list of all leases that are under way. Safe for concurrent use.
type timetable struct {
	clock clock.Clock
	wake  chan struct{} // capacity 1
	over  chan struct{} // closed when the goroutine has ended

	mu      sync.Mutex
	agenda  agenda        // guarded by mu
	waking  []*attempt    // guarded by mu; taken out of the queue to be woken, and perhaps put back
	until   time.Duration // guarded by mu; how long the goroutine sleeps, on the monotonic axis
	asleep  bool          // guarded by mu; it sleeps until it is woken
	closed  bool          // guarded by mu; no new leases
	stopped bool          // guarded by mu
}

func newTimetable(c clock.Clock) *timetable {
	t := &timetable{clock: c, wake: make(chan struct{}, 1), over: make(chan struct{})}
	go t.run()
	return t
}

// put has s woken at the given time instead of whenever it had asked for before. It returns false, and does not, when
// the timetable is closed to leases that are not over.
func (t *timetable) put(a *attempt, at clock.Instant, over bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed && !over {
		t.remove(a)
		return false
	}
	a.due = at.Mono()
	if a.slot < 0 {
		heap.Push(&t.agenda, a)
	} else {
		heap.Fix(&t.agenda, a.slot)
	}
	if t.asleep || a.due < t.until {
		t.asleep = false
		t.until = a.due
		t.stir()
	}
	return true
}

// drop forgets a.
func (t *timetable) drop(a *attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.remove(a)
}

func (t *timetable) remove(a *attempt) {
	if a.slot >= 0 {
		heap.Remove(&t.agenda, a.slot)
	}
}

// close ends every lease that is under way, and refuses new ones.
func (t *timetable) close() {
	t.mu.Lock()
	t.closed = true
	leases := append(append([]*attempt(nil), t.agenda...), t.waking...)
	t.mu.Unlock()
	for _, a := range leases {
		a.shut()
	}
}

// stop ends the goroutine and waits for that.
func (t *timetable) stop() {
	t.mu.Lock()
	t.stopped = true
	t.mu.Unlock()
	t.stir()
	<-t.over
}

func (t *timetable) stir() {
	select {
	case t.wake <- struct{}{}:
	default:
	}
}

func (t *timetable) run() {
	defer close(t.over)
	timer := time.NewTimer(0)
	defer timer.Stop()
	lead := t.clock.Now().Lead()
	for {
		now := t.clock.Now()
		jumped := (now.Lead() - lead).Abs() >= jump
		lead = now.Lead()
		due, sleep, stopped := t.due(now, jumped)
		if stopped {
			return
		}
		for _, a := range due {
			a.awake()
		}
		if len(due) > 0 {
			continue
		}
		if sleep < 0 {
			<-t.wake
			continue
		}
		timer.Reset(sleep)
		select {
		case <-timer.C:
		case <-t.wake:
		}
	}
}

// due takes out the leases to wake now, or returns how long to sleep; less than 0: until woken.
func (t *timetable) due(now clock.Instant, all bool) (due []*attempt, sleep time.Duration, stopped bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.waking)
	due = t.waking[:0]
	for len(t.agenda) > 0 && (all || t.agenda[0].due <= now.Mono()) {
		due = append(due, heap.Pop(&t.agenda).(*attempt))
	}
	t.waking = due
	t.asleep = len(t.agenda) == 0 && len(due) == 0
	if t.asleep {
		return nil, -1, t.stopped
	}
	if len(t.agenda) > 0 {
		sleep = min(t.agenda[0].due-now.Mono(), tick)
	}
	t.until = now.Mono() + sleep
	return due, sleep, t.stopped
}

// agenda is the heap of leases by when they are due.
type agenda []*attempt

func (q agenda) Len() int           { return len(q) }
func (q agenda) Less(i, j int) bool { return q[i].due < q[j].due }
func (q agenda) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].slot, q[j].slot = i, j
}

func (q *agenda) Push(x any) {
	a := x.(*attempt)
	a.slot = len(*q)
	*q = append(*q, a)
}

func (q *agenda) Pop() any {
	last := len(*q) - 1
	a := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	a.slot = -1
	return a
}
