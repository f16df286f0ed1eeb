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
	queue   queue         // guarded by mu
	waking  []*Lease      // guarded by mu; taken out of the queue to be woken, and perhaps put back
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
func (t *timetable) put(s *Lease, at clock.Instant, over bool) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed && !over {
		t.remove(s)
		return false
	}
	s.due = at.Mono()
	if s.slot < 0 {
		heap.Push(&t.queue, s)
	} else {
		heap.Fix(&t.queue, s.slot)
	}
	if t.asleep || s.due < t.until {
		t.asleep = false
		t.until = s.due
		t.stir()
	}
	return true
}

// drop forgets s.
func (t *timetable) drop(s *Lease) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.remove(s)
}

func (t *timetable) remove(s *Lease) {
	if s.slot >= 0 {
		heap.Remove(&t.queue, s.slot)
	}
}

// close ends every lease that is under way, and refuses new ones.
func (t *timetable) close() {
	t.mu.Lock()
	t.closed = true
	leases := append(append([]*Lease(nil), t.queue...), t.waking...)
	t.mu.Unlock()
	for _, s := range leases {
		s.shut()
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
		for _, s := range due {
			s.awake()
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
func (t *timetable) due(now clock.Instant, all bool) (due []*Lease, sleep time.Duration, stopped bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	clear(t.waking)
	due = t.waking[:0]
	for len(t.queue) > 0 && (all || t.queue[0].due <= now.Mono()) {
		due = append(due, heap.Pop(&t.queue).(*Lease))
	}
	t.waking = due
	t.asleep = len(t.queue) == 0 && len(due) == 0
	if t.asleep {
		return nil, -1, t.stopped
	}
	if len(t.queue) > 0 {
		sleep = min(t.queue[0].due-now.Mono(), tick)
	}
	t.until = now.Mono() + sleep
	return due, sleep, t.stopped
}

// queue is the heap of leases by when they are due.
type queue []*Lease

func (q queue) Len() int           { return len(q) }
func (q queue) Less(i, j int) bool { return q[i].due < q[j].due }
func (q queue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].slot, q[j].slot = i, j
}

func (q *queue) Push(x any) {
	s := x.(*Lease)
	s.slot = len(*q)
	*q = append(*q, s)
}

func (q *queue) Pop() any {
	last := len(*q) - 1
	s := (*q)[last]
	(*q)[last] = nil
	*q = (*q)[:last]
	s.slot = -1
	return s
}
