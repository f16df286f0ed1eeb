package sim

import (
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/protocol"
	"github.com/quorumlock/quorumlock/quorum"
)

// lease is the twin of redlock's driver: it tells a lease's machine what happens, and carries out what that says.
type lease struct {
	p       *process
	caller  *worker
	lock    *lock
	owner   string
	machine protocol.Lease
	due     time.Duration
	planned bool
	mutated mutated

	// For the checkers.
	facts facts
}

func newLease(wk *worker) *lease {
	p := wk.p
	s := &lease{p: p, caller: wk, lock: wk.lock, owner: p.w.owner(wk)}
	s.machine = protocol.NewLease(&p.params, p.r.Float64())
	return s
}

func (s *lease) start() {
	now := s.p.now()
	if s.startLater(now) {
		return
	}
	s.carryOut(now, s.machine.Start(now))
}

// answer takes what a node says to one of the lease's commands.
func (s *lease) answer(index int, round uint32, op protocol.Op, a answer) {
	if !s.alterAnswer(index, round, op, &a) {
		s.vote(index, round, op, a)
		s.alterAfter(index, round, op, a)
	}
}

// vote tells the machine.
func (s *lease) vote(index int, round uint32, op protocol.Op, a answer) {
	if a.yes {
		s.p.w.counted(s, index, round, op)
	}
	now := s.replyTime()
	s.carryOut(now, s.machine.Reply(now, index, round, a.vote()))
}

// vote is what a node's answer means for a round.
func (a answer) vote() protocol.Reply {
	switch {
	case a.yes:
		return protocol.Reply{Vote: protocol.Granted, Fence: a.fence}
	case a.untouched:
		return protocol.Reply{Vote: protocol.Unasked}
	case a.err != none:
		return protocol.Reply{Vote: protocol.Silent}
	default:
		return protocol.Reply{Vote: protocol.Refused}
	}
}

func (s *lease) awake() {
	now := s.p.now()
	s.carryOut(now, s.machine.Tick(now))
}

func (s *lease) cancel() {
	if s.p.w.cfg.Mutant == WindowFromReply {
		s.begin()
	}
	now := s.p.now()
	s.carryOut(now, s.machine.Cancel(now))
}

func (s *lease) release() {
	now := s.p.now()
	s.carryOut(now, s.machine.Release(now))
}

// block is how many tokens a fence of a node stands for, one for each holder of a lease: Tick of internal/node.
const block = 64

// handOver reports whether the lease goes to a next holder in the process.
func (s *lease) handOver() bool {
	now := s.p.now()
	effects, goes := s.machine.HandOver(now)
	if s.carryOut(now, effects); !goes {
		return false
	}
	s.trust()
	s.p.w.report.HandOvers++
	if s.p.w.telling() {
		s.p.w.tellHeld(s, "hands %s over in its process, as %s, for %v", s.lock.key, s.owner, s.facts.left.Round(time.Microsecond))
	}
	return true
}

func (s *lease) extend() {
	now := s.p.now()
	effects, _ := s.machine.Extend(now)
	s.carryOut(now, effects)
}

func (s *lease) carryOut(now clock.Instant, effects []protocol.Effect) {
	s.effects(now, effects)
	if next, some := s.machine.Next(); some {
		s.p.put(s, next.Mono())
	} else {
		s.p.drop(s)
	}
}

// effects carries out the effects in order. A lane that does not take a command has answered it with that.
func (s *lease) effects(now clock.Instant, effects []protocol.Effect) {
	type asked struct {
		nodes quorum.Set
		round uint32
	}
	var refused [4]asked
	count := 0
	for _, e := range effects {
		switch e.Kind {
		case protocol.Send:
			if nodes := s.send(e); nodes != 0 && e.Round != 0 && count < len(refused) {
				refused[count] = asked{nodes, e.Round}
				count++
			}
		case protocol.Opened:
			s.p.w.handedOut(s)
			s.caller.locked(s)
		case protocol.GaveUp:
			s.p.w.gaveUp(s)
			s.caller.refused(s)
		case protocol.Renewed:
			s.p.w.renewed(s)
		case protocol.Kept:
			s.p.w.report.Kept++
		case protocol.Ended:
			s.p.w.ended(s)
		case protocol.Settled:
			s.p.w.report.Settled[s.machine.Freed()]++
			s.caller.unlocked(s)
		}
	}
	for _, r := range refused[:count] {
		r.nodes.Each(func(index int) {
			s.effects(now, s.machine.Reply(now, index, r.round, protocol.Reply{Vote: protocol.Unasked}))
		})
	}
}

// send puts the effect's command into the lanes of its nodes, and returns those that did not take it.
func (s *lease) send(e protocol.Effect) (refused quorum.Set) {
	if s.alterSend(e) {
		return 0
	}
	c := command{Command: Command{Key: s.lock.key, Counter: s.lock.counter, Owner: s.owner,
		TTL: s.p.w.cfg.TTL.Milliseconds(), Fence: e.Fence}, s: s, round: e.Round, op: e.Op}
	switch e.Op {
	case protocol.Grant:
		c.Op, c.Fence = OpGrant, s.p.proposal()
		c.expires = s.expiry()
	case protocol.Raise:
		c.Op = OpRaise
		s.p.w.report.SecondTrips++
		s.facts.raised = true
	case protocol.Extend:
		c.Op = OpExtend
	default:
		c.Op = OpRelease
	}
	if e.Op == protocol.Grant && e.Round == 0 {
		s.p.w.report.Heals++
	}
	e.Nodes.Each(func(index int) {
		if !s.p.lanes[index].send(c) {
			refused = refused.With(index)
			s.p.w.report.refused(unreachable)
		}
	})
	return refused
}
