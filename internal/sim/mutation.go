package sim

import (
	"unsafe"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/protocol"
	"github.com/quorumlock/quorumlock/quorum"
)

// This file breaks the client twin on purpose, between the lease's machine and what drives it: see [Mutant].

// mutated is what the mutants remember of a lease.
type mutated struct {
	began  bool          // WindowFromReply: the machine has been told
	start  clock.Instant // WindowUnchecked
	newest uint32        // LateExtend: the number of the newest extend
}

// alter changes what all leases of a process share.
func (m Mutant) alter(p *protocol.Params) {
	switch m {
	case NoDrift:
		p.Drift, p.Guard = clock.Drift{}, 0
	case HalfQuorum:
		// A rule that quorum cannot make: its second field is how many must say yes.
		need := (*int)(unsafe.Add(unsafe.Pointer(&p.Rule), unsafe.Sizeof(int(0))))
		*need = max(1, p.Rule.Nodes()/2)
	}
}

// startLater is WindowFromReply: the grants are sent, and the machine is told with the first reply.
func (s *lease) startLater(now clock.Instant) bool {
	s.mutated.start = now
	if s.p.w.cfg.Mutant != WindowFromReply {
		return false
	}
	refused := s.send(protocol.Effect{Kind: protocol.Send, Op: protocol.Grant, Round: 1, Nodes: quorum.All(s.p.members)})
	refused.Each(func(index int) { s.answer(index, 1, protocol.Grant, answer{err: unreachable, untouched: true}) })
	return true
}

// begin tells the machine of WindowFromReply that it has begun.
func (s *lease) begin() {
	if !s.mutated.began {
		s.mutated.began = true
		now := s.p.now()
		s.machine.Start(now)
		s.carryOut(now, nil)
	}
}

// replyTime is when the machine is told that a reply came.
func (s *lease) replyTime() clock.Instant {
	if s.p.w.cfg.Mutant == WindowUnchecked && s.machine.Phase() == protocol.Asking {
		return s.mutated.start
	}
	return s.p.now()
}

// alterAnswer changes an answer before the machine is told, and reports whether it shall not be.
func (s *lease) alterAnswer(index int, round uint32, op protocol.Op, a *answer) (drop bool) {
	switch s.p.w.cfg.Mutant {
	case SilentGrants:
		if op == protocol.Grant && a.err == timedOut {
			*a = answer{yes: true, fence: s.p.proposal()}
		}
	case WindowFromReply:
		s.begin()
	case OlderAttempt:
		newer := s.caller.lease
		if op == protocol.Grant && a.yes && s.machine.Phase() == protocol.Over && newer != nil && newer.lock == s.lock && newer != s {
			newer.vote(index, round, op, *a)
			return true
		}
	case LateExtend:
		if op == protocol.Extend && round < s.mutated.newest {
			s.vote(index, s.mutated.newest, op, *a)
			return true
		}
	}
	return false
}

// alterAfter adds to an answer after the machine was told.
func (s *lease) alterAfter(index int, round uint32, op protocol.Op, a answer) {
	if s.p.w.cfg.Mutant == CountTwice && a.yes && op == protocol.Grant {
		s.vote((index+1)%s.p.members, round, op, a)
	}
}

// alterSend changes what is sent, and reports whether it shall not be.
func (s *lease) alterSend(e protocol.Effect) (drop bool) {
	switch m := s.p.w.cfg.Mutant; {
	case m == NoSecondPhase && e.Op == protocol.Raise:
		// After the machine is through with what it says now.
		s.p.w.push(s.p.w.now, func() {
			s.p.deliver(func() {
				e.Nodes.Each(func(index int) {
					s.answer(index, e.Round, protocol.Raise, answer{yes: true})
				})
			})
		})
		return true
	case m == NoUndo && e.Op == protocol.Undo:
		return true
	case m == LateExtend && e.Op == protocol.Extend:
		s.mutated.newest = e.Round
	}
	return false
}

// expiry is when a key expires by the client's clock, in ms: of ClientExpiry alone.
func (s *lease) expiry() int64 {
	now := s.p.now()
	wall := now.Mono() + now.Lead()
	return (epoch + (wall + s.p.w.cfg.TTL).Microseconds()) / 1000
}
