package redlock

import (
	"context"
	"time"

	"github.com/quorumlock/quorumlock/internal/node"
	"github.com/quorumlock/quorumlock/internal/protocol"
)

// Lease is a key that is held. It comes from [Locker.Lock], [Locker.TryLock] or [Locker.Do] and never comes back once
// it is lost or unlocked. It is safe for concurrent use. A nil Lease behaves as one that was unlocked.
type Lease struct {
	attempt *attempt
	turn    int   // how many holders of the same attempt came before
	rounds  int   // that it took since this process had the key last; 0: it was handed over
	call    *call // that it came of; nil when nobody observes

	// Guarded by the attempt's mu.
	done  chan struct{}      // nil until somebody asks for it
	heirs map[*heir]struct{} // contexts that end with the lease
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
	return s.attempt.key
}

// Owner returns the value that is stored under the key on the nodes: a UUID, new for every try. Holders of one process to
// whom a lease is handed on share it.
func (s *Lease) Owner() string {
	if s == nil {
		return ""
	}
	return s.attempt.owner
}

// Fence returns a number that is strictly larger for every later holder of the key. Send it along with every write, and
// have the storage refuse a smaller one than it has seen: that keeps out a holder which was stopped, lost the lease,
// and has not noticed yet. It is 0 in mode [Plain], which has no fences.
func (s *Lease) Fence() uint64 {
	if s == nil {
		return 0
	}
	s.attempt.mu.Lock()
	defer s.attempt.mu.Unlock()
	return s.fence()
}

// Left returns for how long the lease may still be trusted, if it is not extended; 0 when it is lost or unlocked.
func (s *Lease) Left() time.Duration {
	if s == nil {
		return 0
	}
	s.attempt.mu.Lock()
	defer s.attempt.mu.Unlock()
	if s.attempt.holder != s {
		return 0
	}
	return s.attempt.machine.Left(s.attempt.now())
}

// Done returns a channel that is closed when the lease is lost or unlocked: before anyone else can get the key.
func (s *Lease) Done() <-chan struct{} {
	if s == nil {
		return closedChannel
	}
	s.attempt.mu.Lock()
	defer s.attempt.mu.Unlock()
	switch {
	case s.done != nil:
	case s.over():
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
	s.attempt.mu.Lock()
	defer s.attempt.mu.Unlock()
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
	s.attempt.mu.Lock()
	defer s.attempt.mu.Unlock()
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
		s.attempt.mu.Lock()
		defer s.attempt.mu.Unlock()
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
	a := s.attempt
	a.mu.Lock()
	if ctx.Err() != nil && s.err() == nil {
		defer a.mu.Unlock()
		return a.unasked(opExtend, ErrNoQuorum).ended(ctx)
	}
	if err := s.err(); err != nil {
		a.mu.Unlock()
		return wrap(opExtend, a.key, err)
	}
	now := a.now()
	effects, round := a.machine.Extend(now)
	result := make(chan error, 1)
	if round != 0 {
		a.waits = append(a.waits, extendWait{round: round, result: result})
	}
	a.carryOut(now, effects)
	err := s.err()
	a.mu.Unlock()
	if round == 0 {
		return wrap(opExtend, a.key, err)
	}
	select {
	case err, answered := <-result:
		if !answered {
			return wrap(opExtend, a.key, s.Err())
		}
		return err
	case <-ctx.Done():
		a.mu.Lock()
		defer a.mu.Unlock()
		return a.failure(opExtend, ErrNoQuorum).ended(ctx)
	}
}

// Unlock gives the key back on all nodes and returns nil once a majority does not hold it any more; it waits for no
// slow node, and at most for [Config.NodeTimeout]. Where others wait for the key in this process, the lease may go on to
// the first of them instead, within the bounds of [Config.Cohort], and Unlock returns nil at once. It works also when ctx
// has ended, which it is only given for its values: an unlock that a cancelled request skips would keep everybody out for a
// whole TTL.
//
// Whatever it returns, the lease is over. The error matches [ErrLost] when the lease was lost before, [ErrUnlocked] when
// it was unlocked before, and [ErrNoQuorum] when too few nodes answered; they are told as soon as they can be reached,
// and at the latest the key expires there by itself.
func (s *Lease) Unlock(ctx context.Context) error {
	if s == nil {
		return wrap(opUnlock, "", ErrUnlocked)
	}
	a := s.attempt
	a.mu.Lock()
	if err := s.err(); err != nil {
		a.mu.Unlock()
		return wrap(opUnlock, a.key, err)
	}
	if a.handOver() {
		a.mu.Unlock()
		return nil
	}
	if err := s.err(); err != nil {
		a.mu.Unlock()
		return wrap(opUnlock, a.key, err)
	}
	select {
	case <-a.settled: // acquiring was decided, and nobody looked
	default:
	}
	if a.queue != nil {
		a.queue.yield()
	}
	now := a.now()
	a.carryOut(now, a.machine.Release(now))
	late := a.machine.End() != protocol.Unlocked
	a.mu.Unlock()
	if late { // the window closed between the two looks at the clock
		return wrap(opUnlock, a.key, ErrLost)
	}

	<-a.settled
	a.mu.Lock()
	defer a.mu.Unlock()
	switch a.machine.Freed() {
	case protocol.FreedAll:
		return nil
	case protocol.FreedTooLate:
		return wrap(opUnlock, a.key, ErrLost)
	default:
		return a.failure(opUnlock, ErrNoQuorum)
	}
}

// err returns why the lease is over, or nil. Callers hold the attempt's mu.
func (s *Lease) err() error {
	if s.attempt.holder != s {
		return ErrUnlocked // and handed on
	}
	return s.attempt.err()
}

// over reports whether the lease has been ended. Callers hold the attempt's mu.
func (s *Lease) over() bool {
	return s.attempt.holder != s || s.attempt.machine.Phase() == protocol.Over
}

// end tells everybody that the lease is over. Callers hold the attempt's mu.
func (s *Lease) end(why error) {
	if s.done == nil {
		s.done = closedChannel
	} else {
		close(s.done)
	}
	for h := range s.heirs {
		h.cancel(why)
	}
	for _, w := range s.attempt.waits {
		close(w.result)
	}
	s.attempt.waits = nil
}

// fence returns the lease's number for storage. Callers hold the attempt's mu.
func (s *Lease) fence() uint64 {
	fence := s.attempt.machine.Fence() * node.Tick
	if fence > 0 {
		fence += uint64(s.turn)
	}
	return fence
}

// evicted reports whether it was Close that ended the lease, and not its holder.
func (s *Lease) evicted() bool {
	s.attempt.mu.Lock()
	defer s.attempt.mu.Unlock()
	return s.attempt.byClose && s.attempt.holder == s
}

var closedChannel = func() chan struct{} {
	c := make(chan struct{})
	close(c)
	return c
}()
