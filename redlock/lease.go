package redlock

import (
	"context"
	"sync"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/node"
	"github.com/quorumlock/quorumlock/internal/protocol"
)

// Lease is a key that is held. It comes from [Locker.Lock], [Locker.TryLock] or [Locker.Do] and never comes back once
// it is lost or unlocked. It is safe for concurrent use. A nil Lease behaves as one that was unlocked.
type Lease struct {
	locker *Locker
	key    string
	owner  string

	mu      sync.Mutex
	machine protocol.Lease     // guarded by mu; what the protocol says
	settled chan struct{}      // capacity 1: acquiring, or unlocking, is decided
	done    chan struct{}      // guarded by mu; nil until somebody asks for it
	waits   []extendWait       // guarded by mu
	heirs   map[*heir]struct{} // guarded by mu
	account account            // guarded by mu; of the newest round
	byClose bool               // guarded by mu; the locker's end was the lease's
	planned clock.Instant      // guarded by mu; when the timetable was last asked to wake it
	watch   *watch             // guarded by mu; nil when nobody observes

	due  time.Duration // guarded by the timetable's mu
	slot int           // guarded by the timetable's mu; -1: not in it
}

// extendWait is a caller of Extend who waits for a round.
type extendWait struct {
	round  uint32
	result chan error // capacity 1; closed when the lease is over
}

// heir is a context that ends with the lease.
type heir struct {
	cancel context.CancelCauseFunc
}

// Names of operations in errors.
const (
	opLock   = "lock"
	opExtend = "extend"
	opUnlock = "unlock"
)

// Key returns the key that is held.
func (s *Lease) Key() string {
	if s == nil {
		return ""
	}
	return s.key
}

// Owner returns the value that is stored under the key on the nodes: a UUID, new for every try.
func (s *Lease) Owner() string {
	if s == nil {
		return ""
	}
	return s.owner
}

// Fence returns a number that is strictly larger for every later holder of the key. Send it along with every write, and
// have the storage refuse a smaller one than it has seen: that keeps out a holder which was stopped, lost the lease,
// and has not noticed yet. It is 0 in mode [Plain], which has no fences.
func (s *Lease) Fence() uint64 {
	if s == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.machine.Fence() * node.Tick
}

// Left returns for how long the lease may still be trusted, if it is not extended; 0 when it is lost or unlocked.
func (s *Lease) Left() time.Duration {
	if s == nil {
		return 0
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.machine.Left(s.now())
}

// Done returns a channel that is closed when the lease is lost or unlocked: before anyone else can get the key.
func (s *Lease) Done() <-chan struct{} {
	if s == nil {
		return closedChannel
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.done != nil:
	case s.machine.Phase() == protocol.Over:
		s.done = closedChannel
	default:
		s.done = make(chan struct{})
	}
	return s.done
}

// Err returns nil while the lease is held, then [ErrLost] or [ErrUnlocked]. It looks at the clock, so that it is right
// also when Done is late.
func (s *Lease) Err() error {
	if s == nil {
		return ErrUnlocked
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err()
}

// Context returns a child of parent that ends also when the lease does, with cause [ErrLost] or [ErrUnlocked]: when it
// is lost, before anyone else can get the key. It needs no cancel function: it is let go when either ends.
func (s *Lease) Context(parent context.Context) context.Context {
	ctx, cancel := context.WithCancelCause(parent)
	if s == nil {
		cancel(ErrUnlocked)
		return ctx
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.err(); err != nil {
		cancel(err)
		return ctx
	}
	h := &heir{cancel: cancel}
	if s.heirs == nil {
		s.heirs = make(map[*heir]struct{})
	}
	s.heirs[h] = struct{}{}
	context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.heirs, h)
	})
	return ctx
}

// Extend asks the nodes to keep the key for another TTL from now, and returns nil once a majority that still held it
// has done so. Leases are extended in the background anyway, unless [Config.NoRenew] is set.
//
// The error matches [ErrLost] or [ErrUnlocked] when there is nothing to extend any more, and [ErrNoQuorum] when too few
// nodes answered; then the lease is still held for what was left of it. When ctx ends first the error matches its
// cause, and the nodes may be extending; when it had ended before, they are not asked.
func (s *Lease) Extend(ctx context.Context) error {
	if s == nil {
		return wrap(opExtend, "", ErrUnlocked)
	}
	s.mu.Lock()
	if ctx.Err() != nil && s.err() == nil {
		defer s.mu.Unlock()
		return s.unasked(opExtend, ErrNoQuorum).ended(ctx)
	}
	now := s.now()
	effects, round := s.machine.Extend(now)
	result := make(chan error, 1)
	if round != 0 {
		s.waits = append(s.waits, extendWait{round: round, result: result})
	}
	s.carryOut(now, effects)
	err := s.err()
	s.mu.Unlock()
	if round == 0 {
		return wrap(opExtend, s.key, err)
	}
	select {
	case err, answered := <-result:
		if !answered {
			return wrap(opExtend, s.key, s.Err())
		}
		return err
	case <-ctx.Done():
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.failure(opExtend, ErrNoQuorum).ended(ctx)
	}
}

// Unlock gives the key back on all nodes and returns nil once a majority does not hold it any more; it waits for no
// slow node, and at most for [Config.NodeTimeout]. It works also when ctx has ended, which it is only given for its
// values: an unlock that a cancelled request skips would keep everybody out for a whole TTL.
//
// Whatever it returns, the lease is over. The error matches [ErrLost] when the lease was lost before, [ErrUnlocked] when
// it was unlocked before, and [ErrNoQuorum] when too few nodes answered; they are told as soon as they can be reached,
// and at the latest the key expires there by itself.
func (s *Lease) Unlock(ctx context.Context) error {
	if s == nil {
		return wrap(opUnlock, "", ErrUnlocked)
	}
	s.mu.Lock()
	if err := s.err(); err != nil {
		s.mu.Unlock()
		return wrap(opUnlock, s.key, err)
	}
	select {
	case <-s.settled: // acquiring was decided, and nobody looked
	default:
	}
	now := s.now()
	s.carryOut(now, s.machine.Release(now))
	late := s.machine.End() != protocol.Unlocked
	s.mu.Unlock()
	if late { // the window closed between the two looks at the clock
		return wrap(opUnlock, s.key, ErrLost)
	}

	<-s.settled
	s.mu.Lock()
	defer s.mu.Unlock()
	switch s.machine.Freed() {
	case protocol.FreedAll:
		return nil
	case protocol.FreedTooLate:
		return wrap(opUnlock, s.key, ErrLost)
	default:
		return s.failure(opUnlock, ErrNoQuorum)
	}
}

// err returns why the lease is over, or nil. Callers hold mu.
func (s *Lease) err() error {
	now := s.now()
	if s.machine.Phase() == protocol.Held && s.machine.Left(now) == 0 {
		s.carryOut(now, s.machine.Tick(now))
	}
	switch s.machine.End() {
	case protocol.NotOver:
		return nil
	case protocol.Unlocked:
		return ErrUnlocked
	default:
		return ErrLost
	}
}

func (s *Lease) now() clock.Instant { return s.locker.timetable.clock.Now() }

var closedChannel = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()
