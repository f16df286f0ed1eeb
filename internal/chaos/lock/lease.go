package lock

import (
	"context"
	"sync"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/redlock"
)

// lease is a key that a simple locker holds.
type lease struct {
	locker *simple
	round  *round
	fence  uint64
	done   chan struct{} // closed when it is over

	mu     sync.Mutex   // taken before the locker's
	window clock.Window // guarded by mu; the newest that a majority has given
	timer  *time.Timer  // guarded by mu; ends the lease
	over   error        // guarded by mu; nil while it is held, then ErrLost or ErrUnlocked
}

// lease hands the lease of a won round out, unless nothing is left of its window.
func (r *round) lease(fence uint64) (Lease, error) {
	l := r.locker
	s := &lease{locker: l, round: r, fence: fence, done: make(chan struct{})}
	s.window = clock.NewWindow(r.start, l.cfg.TTL, l.drift)
	s.mu.Lock()
	defer s.mu.Unlock()
	left := s.left(clock.System.Now())
	if left == 0 {
		return nil, failure("lock", r.key, redlock.ErrExpired)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return nil, failure("lock", r.key, redlock.ErrClosed)
	}
	l.leases[s] = struct{}{}
	s.timer = time.AfterFunc(left, s.expire)
	l.running.Go(s.renew)
	return s, nil
}

func (s *lease) Owner() string         { return s.round.owner }
func (s *lease) Fence() uint64         { return s.fence }
func (s *lease) Done() <-chan struct{} { return s.done }

func (s *lease) Left() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over != nil {
		return 0
	}
	return s.left(clock.System.Now())
}

// left is for how long the lease may be trusted at now. Callers hold mu.
func (s *lease) left(now clock.Instant) time.Duration {
	return max(0, s.window.Left(now)-s.locker.margin)
}

func (s *lease) Extend(ctx context.Context) error {
	if !s.locker.enter() {
		return failure("extend", s.round.key, redlock.ErrUnlocked)
	}
	defer s.locker.running.Done()
	return s.extend(ctx)
}

// extend moves the window when a majority has kept the key for another TTL (R7). Callers have entered.
func (s *lease) extend(ctx context.Context) error {
	l, key := s.locker, s.round.key
	if err := s.err(); err != nil {
		return failure("extend", key, err)
	}
	window := clock.NewWindow(clock.System.Now(), l.cfg.TTL, l.drift) // read before the first byte is sent
	answers := l.ask(func(n *node) answer { return answer{err: n.extend(l.life, key, s.round.owner, l.cfg.TTL)} })
	yes, no, ended := count(ctx, answers, l.need)
	switch {
	case ended != nil:
		return failure("extend", key, ended, no...)
	case len(yes) < l.need:
		return failure("extend", key, redlock.ErrNoQuorum, no...)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	now := clock.System.Now()
	switch {
	case s.over != nil:
		return failure("extend", key, s.over)
	case s.left(now) == 0: // a window that has closed never opens again
		return failure("extend", key, redlock.ErrLost)
	case window.Left(now) > s.window.Left(now):
		s.window = window
		s.timer.Reset(s.left(now))
	}
	return nil
}

// renew extends the lease at a third of its TTL until it is over.
func (s *lease) renew() {
	for {
		select {
		case <-time.After(s.locker.cfg.TTL / 3):
			_ = s.extend(s.locker.life) // what fails is tried again while the window is open
		case <-s.done:
			return
		}
	}
}

func (s *lease) Unlock(ctx context.Context) error {
	l, key := s.locker, s.round.key
	if !l.enter() {
		return failure("unlock", key, redlock.ErrUnlocked)
	}
	defer l.running.Done()
	if err := s.err(); err != nil {
		return failure("unlock", key, err)
	}
	if !s.end(redlock.ErrUnlocked) {
		return failure("unlock", key, redlock.ErrUnlocked)
	}
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), l.cfg.NodeTimeout)
	defer cancel()
	yes, no, ended := count(bounded, s.round.free(), l.need)
	if ended != nil || len(yes) < l.need {
		return failure("unlock", key, redlock.ErrNoQuorum, no...)
	}
	return nil
}

// err returns why the lease is over, or nil. It looks at the clock, so that it is right also when the timer is late.
func (s *lease) err() error {
	s.mu.Lock()
	closed := s.over == nil && s.left(clock.System.Now()) == 0
	s.mu.Unlock()
	if closed {
		s.expire()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.over
}

// expire ends a lease whose window is about to close, and gives back what is left of it.
func (s *lease) expire() {
	s.mu.Lock()
	left := s.left(clock.System.Now())
	if s.over == nil && left > 0 { // it was extended meanwhile
		s.timer.Reset(left)
		s.mu.Unlock()
		return
	}
	s.mu.Unlock()
	if !s.locker.enter() {
		return // Close ends it
	}
	defer s.locker.running.Done()
	if s.end(redlock.ErrLost) {
		s.round.free()
	}
}

// end ends the lease, and reports whether it was held until now.
func (s *lease) end(why error) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over != nil {
		return false
	}
	s.over = why
	s.timer.Stop()
	close(s.done)
	s.locker.mu.Lock()
	defer s.locker.mu.Unlock()
	delete(s.locker.leases, s)
	return true
}
