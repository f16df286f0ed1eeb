package redlock

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/google/uuid"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/node"
	"github.com/quorumlock/quorumlock/internal/protocol"
	"github.com/quorumlock/quorumlock/quorum"
)

// This file carries out what the protocol says. It decides nothing: events go into a lease's machine with the time at
// which they happened, and the effects that come out are carried out here.

// newLease returns a lease that has not begun yet, under an owner of its own (R2).
func newLease(l *Locker, key string) (*Lease, error) {
	owner, err := uuid.NewRandom()
	if err != nil {
		return nil, fmt.Errorf("redlock: lock %q: no randomness for an owner: %w", key, err)
	}
	return &Lease{
		locker:  l,
		key:     key,
		owner:   owner.String(),
		machine: protocol.NewLease(l.params, rand.Float64()),
		settled: make(chan struct{}, 1),
		slot:    -1,
		watch:   l.cfg.watching(),
	}, nil
}

// acquire runs the round that acquires, and returns the lease or why there is none.
func (s *Lease) acquire(ctx context.Context) (*Lease, error) {
	s.mu.Lock()
	now := s.now()
	s.carryOut(now, s.machine.Start(now))
	s.mu.Unlock()
	select {
	case <-s.settled:
	case <-ctx.Done():
		s.shutUnlessHeld()
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.err() == nil:
		return s, nil
	case s.locker.closed():
		return nil, wrap(opLock, s.key, ErrClosed)
	}
	switch s.machine.End() {
	case protocol.Taken:
		return nil, s.failure(opLock, ErrHeld)
	case protocol.Late, protocol.Forfeited:
		return nil, s.failure(opLock, ErrExpired)
	case protocol.Cancelled:
		return nil, s.failure(opLock, ErrNoQuorum).ended(ctx)
	default:
		return nil, s.failure(opLock, ErrNoQuorum)
	}
}

// answer takes what a node says to one of the lease's commands.
func (s *Lease) answer(index int, round uint32, r node.Reply) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.account.note(len(s.locker.nodes), index, round, r)
	s.observed(now, index, round, r)
	s.carryOut(now, s.machine.Reply(now, index, round, vote(r)))
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
func (s *Lease) awake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.planned = clock.Instant{}
	now := s.now()
	s.carryOut(now, s.machine.Tick(now))
}

// shut ends the lease at the end of its locker.
func (s *Lease) shut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.carryOut(now, s.ending(now))
}

// evicted reports whether it was Close that ended the lease, and not its holder.
func (s *Lease) evicted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.byClose
}

// ending is the event that ends the lease wherever it stands.
func (s *Lease) ending(now clock.Instant) []protocol.Effect {
	if s.machine.Phase() == protocol.Held {
		s.byClose = true
		return s.machine.Release(now)
	}
	return s.machine.Cancel(now)
}

// shutUnlessHeld gives up an attempt whose caller does not wait any more.
func (s *Lease) shutUnlessHeld() {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.now()
	s.carryOut(now, s.machine.Cancel(now))
}

// carryOut does what the protocol says, and sees to it that the lease is woken in time. Callers hold mu.
func (s *Lease) carryOut(now clock.Instant, effects []protocol.Effect) {
	s.effects(now, effects)
	next, some := s.machine.Next()
	switch {
	case some && next == s.planned:
	case some && s.locker.timetable.put(s, next, s.machine.Phase() == protocol.Over):
		s.planned = next
	case some:
		// The locker has closed meanwhile.
		s.planned = clock.Instant{}
		s.carryOut(now, s.ending(now))
	default:
		s.planned = clock.Instant{}
		s.locker.timetable.drop(s)
	}
}

// effects carries out the effects in order. A node that does not take a command has answered it with that, which is
// an event again.
func (s *Lease) effects(now clock.Instant, effects []protocol.Effect) {
	type asked struct {
		nodes quorum.Set
		round uint32
	}
	var refused [4]asked
	count := 0
	for _, e := range effects {
		switch e.Kind {
		case protocol.Send:
			if nodes := s.send(now, e); nodes != 0 && e.Round != 0 && count < len(refused) {
				refused[count] = asked{nodes: nodes, round: e.Round}
				count++
			}
		case protocol.Opened, protocol.GaveUp, protocol.Settled:
			s.settle()
		case protocol.Renewed:
			s.tell(e.Round, nil)
		case protocol.Kept:
			s.tell(e.Round, s.blame(opExtend, ErrNoQuorum, e.Nodes, true))
		case protocol.Ended:
			s.end()
		}
	}
	for _, r := range refused[:count] {
		r.nodes.Each(func(index int) {
			s.effects(now, s.machine.Reply(now, index, r.round, protocol.Reply{Vote: protocol.Unasked}))
		})
	}
}

// send puts the effect's command into the lanes of its nodes, and returns the nodes that did not take it.
func (s *Lease) send(now clock.Instant, e protocol.Effect) (refused quorum.Set) {
	s.asked(now, e)
	c := node.Command{Key: s.key, Owner: s.owner, TTL: s.locker.cfg.TTL, Round: e.Round, Fence: e.Fence}
	switch e.Op {
	case protocol.Grant:
		c.Op = node.Grant
		if s.locker.params.Fenced {
			c.Fence = s.locker.proposal(now)
		}
	case protocol.Raise:
		c.Op = node.Raise
	case protocol.Extend:
		c.Op = node.Extend
	case protocol.Release, protocol.Undo:
		c.Op = node.Release
	}
	if s.locker.params.Fenced && (c.Op == node.Grant || c.Op == node.Raise) {
		c.Counter = node.Counter(s.key)
	}
	if e.Round != 0 {
		c.To = sink{s}
		if e.Op != protocol.Raise {
			s.account = account{round: e.Round}
		}
	}
	e.Nodes.Each(func(index int) {
		if err := s.locker.nodes[index].Send(c); err != nil {
			refused = refused.With(index)
			s.account.note(len(s.locker.nodes), index, e.Round, node.Reply{Err: err})
			s.observed(now, index, e.Round, node.Reply{Err: err})
		}
	})
	return refused
}

// sink hands the answers to a lease without making that part of its public face.
type sink struct{ s *Lease }

func (k sink) Answer(index int, round uint32, r node.Reply) { k.s.answer(index, round, r) }

// settle wakes whoever waits in Lock or Unlock. Nobody may: an attempt that its caller has left, a lease that Close ends.
func (s *Lease) settle() {
	select {
	case s.settled <- struct{}{}:
	default:
	}
}

// tell answers everybody who waits for extend round number round, or for an earlier one.
func (s *Lease) tell(round uint32, err error) {
	rest := s.waits[:0]
	for _, w := range s.waits {
		if w.round <= round {
			w.result <- err
		} else {
			rest = append(rest, w)
		}
	}
	s.waits = rest
}

// end tells everybody that the lease is over.
func (s *Lease) end() {
	why := ErrUnlocked
	if s.machine.End() != protocol.Unlocked {
		why = ErrLost
	}
	if s.done == nil {
		s.done = closedChannel
	} else {
		close(s.done)
	}
	for h := range s.heirs {
		h.cancel(why)
	}
	for _, w := range s.waits {
		close(w.result)
	}
	s.waits = nil
	if errors.Is(why, ErrLost) {
		s.locker.cfg.Logger.Warn("lease lost", "key", s.key, "fence", s.machine.Fence()*node.Tick)
	}
}
