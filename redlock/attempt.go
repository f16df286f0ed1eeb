package redlock

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/node"
	"github.com/quorumlock/quorumlock/internal/protocol"
)

// attempt is one try at a key under one owner, and what becomes of it: the lease, for one holder after the other.
//
// It carries out what the protocol says, and decides nothing: events go into the machine with the time at which they
// happened, and the effects that come out are carried out here. Safe for concurrent use.
type attempt struct {
	locker *Locker
	key    string
	owner  string

	mu      sync.Mutex
	machine protocol.Lease // guarded by mu; what the protocol says
	settled chan struct{}  // capacity 1: acquiring, or unlocking, is decided
	holder  *Lease         // guarded by mu; the newest one
	first   Lease          // of the first holder; its fields are guarded as those of others
	queue   *queue         // guarded by mu; of those who wait for the key; nil when nobody can, or it is over
	waits   []extendWait   // guarded by mu
	account account        // guarded by mu; of the newest round
	byClose bool           // guarded by mu; the locker's end was the lease's
	planned clock.Instant  // guarded by mu; when the timetable was last asked to wake it
	watch   *watch         // guarded by mu; nil when nobody observes

	due  time.Duration // guarded by the timetable's mu
	slot int           // guarded by the timetable's mu; -1: not in it
}

// newAttempt returns an attempt that has not begun yet, under an owner of its own (R2). c is on whose behalf; nil when
// nobody observes.
func newAttempt(l *Locker, key string, c *call) (*attempt, error) {
	owner, err := uuid.NewRandom()
	if err != nil {
		return nil, fmt.Errorf("redlock: lock %q: no randomness for an owner: %w", key, err)
	}
	a := &attempt{
		locker:  l,
		key:     key,
		owner:   owner.String(),
		machine: protocol.NewLease(l.params, rand.Float64()),
		settled: make(chan struct{}, 1),
		slot:    -1,
		watch:   c.watching(),
	}
	a.first.attempt, a.first.call = a, c
	a.holder = &a.first
	return a, nil
}

// try runs the round that acquires, unless ctx has ended.
func (a *attempt) try(ctx context.Context, w *waiter) (*Lease, error) {
	if ctx.Err() != nil {
		return nil, a.unasked(opLock, ErrNoQuorum).ended(ctx)
	}
	return a.acquire(ctx, w)
}

// acquire runs the round that acquires, and returns the lease or why there is none. w is who has waited for it in a queue,
// or nil.
func (a *attempt) acquire(ctx context.Context, w *waiter) (*Lease, error) {
	a.mu.Lock()
	now := a.now()
	a.carryOut(now, a.machine.Start(now))
	a.mu.Unlock()
	select {
	case <-a.settled:
	case <-ctx.Done():
		a.shutUnlessHeld()
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.err() == nil:
		if w != nil {
			a.queue = w.queue
			a.queue.taken(w, a)
		}
		if w == nil {
			a.first.rounds = 1
		}
		return a.holder, nil
	case a.locker.closed():
		return nil, wrap(opLock, a.key, ErrClosed)
	}
	switch a.machine.End() {
	case protocol.Taken:
		return nil, a.failure(opLock, ErrHeld)
	case protocol.Late, protocol.Forfeited:
		return nil, a.failure(opLock, ErrExpired)
	case protocol.Cancelled:
		return nil, a.failure(opLock, ErrNoQuorum).ended(ctx)
	default:
		return nil, a.failure(opLock, ErrNoQuorum)
	}
}

// answer takes what a node says to one of the lease's commands.
func (a *attempt) answer(index int, round uint32, r node.Reply) {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	a.account.note(len(a.locker.nodes), index, round, r)
	a.observed(now, index, round, r)
	a.carryOut(now, a.machine.Reply(now, index, round, vote(r)))
}

// vote is what a node's answer means for a round.
func vote(r node.Reply) protocol.Reply {
	switch {
	case r.Yes:
		return protocol.Reply{Vote: protocol.Granted, Fence: r.Fence}
	case r.Untouched:
		return protocol.Reply{Vote: protocol.Unasked}
	case r.Err != nil:
		return protocol.Reply{Vote: protocol.Silent}
	default:
		return protocol.Reply{Vote: protocol.Refused}
	}
}

// awake is the timetable's call.
func (a *attempt) awake() {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.planned = clock.Instant{}
	now := a.now()
	a.carryOut(now, a.machine.Tick(now))
}

// shut ends the lease at the end of its locker.
func (a *attempt) shut() {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	a.carryOut(now, a.ending(now))
}

// ending is the event that ends the lease wherever it stands.
func (a *attempt) ending(now clock.Instant) []protocol.Effect {
	if a.machine.Phase() == protocol.Held {
		a.byClose = true
		return a.machine.Release(now)
	}
	return a.machine.Cancel(now)
}

// shutUnlessHeld gives up an attempt whose caller does not wait any more.
func (a *attempt) shutUnlessHeld() {
	a.mu.Lock()
	defer a.mu.Unlock()
	now := a.now()
	a.carryOut(now, a.machine.Cancel(now))
}

// err returns why it is over, or nil. Callers hold mu.
func (a *attempt) err() error {
	now := a.now()
	if a.machine.Phase() == protocol.Held && a.machine.Left(now) == 0 {
		a.carryOut(now, a.machine.Tick(now))
	}
	switch a.machine.End() {
	case protocol.NotOver:
		return nil
	case protocol.Unlocked:
		return ErrUnlocked
	default:
		return ErrLost
	}
}

// handOver gives the lease to whoever waits next in this process, if it may be. Callers hold mu, and the lease is held.
func (a *attempt) handOver() bool {
	if a.queue == nil || !a.queue.wants(a) {
		return false
	}
	now := a.now()
	effects, may := a.machine.HandOver(now)
	// The locker may have closed, which ends the lease.
	if a.carryOut(now, effects); !may || a.queue == nil {
		return false
	}
	next := &Lease{attempt: a, turn: a.machine.Turn()}
	w := a.queue.pass(a)
	if w == nil { // who wanted it has just gone
		return false
	}
	a.holder.end(ErrUnlocked)
	a.ended(now, ErrUnlocked, true)
	next.call = w.call
	a.holder = next
	w.turn <- next
	return true
}

func (a *attempt) now() clock.Instant { return a.locker.timetable.clock.Now() }
