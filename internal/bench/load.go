package bench

import (
	"context"
	"sync"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
)

// load drives workers against a locker.
type load struct {
	cfg     Config
	process int // which of cfg.Processes this is, from 0
	locker  locker
	rec     *recorder
	keys    func(worker int) func() string // workers of all processes are counted on
	stop    context.Context                // ends when no cycle is to begin any more
	life    context.Context                // ends when those under way are given up
}

// locker is what a load needs of one.
type locker interface {
	Lock(ctx context.Context, key string) (*redlock.Lease, error)
}

// afterFailure is how long a worker of a closed load rests after a lock that it could not have: errors that come at
// once should not become the load.
const afterFailure = 10 * time.Millisecond

// run lets cycles begin from start until end, or until stop ends, and returns when all have ended.
func (l *load) run(start, end time.Time) {
	if l.cfg.Rate > 0 {
		l.open(start, end)
	} else {
		l.closed(end)
	}
}

// closed has each worker begin a cycle when its last one has ended.
func (l *load) closed(end time.Time) {
	var workers sync.WaitGroup
	for i := range l.cfg.Workers {
		workers.Go(func() {
			key := l.keys(l.first() + i)
			for l.stop.Err() == nil {
				now := time.Now()
				if !now.Before(end) {
					return
				}
				if !l.cycle(i, key(), now) {
					sleep(l.stop, afterFailure)
				}
			}
		})
	}
	workers.Wait()
}

// open begins cycles when they are due. Workers come to life when there is none left to take the next one, so that
// their number is that of the cycles which were under way at once.
func (l *load) open(start, end time.Time) {
	var workers sync.WaitGroup
	due := make(chan time.Time)
	count := 0
	hire := func() {
		worker, key := count, l.keys(l.first()+count)
		count++
		workers.Go(func() {
			for at := range due {
				l.cycle(worker, key(), at)
			}
		})
	}
	pace(l.stop, start, end, l.cfg.Arrivals.timing(l.cfg.Rate, l.cfg.Seed, l.process, l.cfg.Processes), func(at time.Time) {
		select {
		case due <- at:
			return
		default:
		}
		if count < l.cfg.Workers {
			hire()
		}
		// When all are busy this waits, and so does everybody behind; at stays what it was.
		select {
		case due <- at:
		case <-l.life.Done():
			l.rec.abandoned(at, time.Now())
		}
	})
	close(due)
	workers.Wait()
}

// first is the number of the first worker of this process, among those of all.
func (l *load) first() int { return l.process * l.cfg.Workers }

// cycle takes a lock and gives it back, and reports whether it had it.
func (l *load) cycle(worker int, key string, due time.Time) bool {
	c := cycle{worker: worker, due: due}
	lease, err := l.locker.Lock(l.life, key)
	c.locked = time.Now()
	switch {
	case err != nil && l.life.Err() != nil:
		l.rec.abandoned(due, c.locked)
		return false
	case err != nil:
		l.rec.failed(due, c.locked, err)
		return false
	}
	c.unlocking = c.locked
	if l.cfg.Hold > 0 {
		sleep(l.stop, l.cfg.Hold)
		c.unlocking = time.Now()
	}
	err = lease.Unlock(l.life)
	c.done = time.Now()
	l.rec.whole(c, err)
	return true
}

// sleep waits for d, or until ctx ends.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
