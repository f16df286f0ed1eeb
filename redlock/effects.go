package redlock

import (
	"errors"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/node"
	"github.com/quorumlock/quorumlock/internal/protocol"
	"github.com/quorumlock/quorumlock/quorum"
)

// This file carries out what the protocol says.

// carryOut does what the protocol says, and sees to it that the lease is woken in time. Callers hold mu.
func (a *attempt) carryOut(now clock.Instant, effects []protocol.Effect) {
	a.effects(now, effects)
	if a.queue != nil && a.machine.Phase() == protocol.Over {
		// Whatever gives the key back is in the lanes by now, ahead of what the next one asks for.
		a.queue.freed(now)
		a.queue = nil
	}
	next, some := a.machine.Next()
	switch {
	case some && next == a.planned:
	case some && a.locker.timetable.put(a, next, a.machine.Phase() == protocol.Over):
		a.planned = next
	case some:
		// The locker has closed meanwhile.
		a.planned = clock.Instant{}
		a.carryOut(now, a.ending(now))
	default:
		a.planned = clock.Instant{}
		a.locker.timetable.drop(a)
	}
}

// effects carries out the effects in order. A node that does not take a command has answered it with that, which is
// an event again.
func (a *attempt) effects(now clock.Instant, effects []protocol.Effect) {
	type asked struct {
		nodes quorum.Set
		round uint32
	}
	var refused [4]asked
	count := 0
	for _, e := range effects {
		switch e.Kind {
		case protocol.Send:
			if nodes := a.send(now, e); nodes != 0 && e.Round != 0 && count < len(refused) {
				refused[count] = asked{nodes: nodes, round: e.Round}
				count++
			}
		case protocol.Opened, protocol.GaveUp, protocol.Settled:
			a.settle()
		case protocol.Renewed:
			a.tell(e.Round, nil)
			a.extended(nil)
		case protocol.Kept:
			err := a.blame(opExtend, ErrNoQuorum, e.Nodes, true)
			a.tell(e.Round, err)
			a.extended(err)
		case protocol.Ended:
			a.end(now)
		}
	}
	for _, r := range refused[:count] {
		r.nodes.Each(func(index int) {
			a.effects(now, a.machine.Reply(now, index, r.round, protocol.Reply{Vote: protocol.Unasked}))
		})
	}
}

// send puts the effect's command into the lanes of its nodes, and returns the nodes that did not take it.
func (a *attempt) send(now clock.Instant, e protocol.Effect) (refused quorum.Set) {
	a.asked(now, e)
	c := node.Command{Key: a.key, Owner: a.owner, TTL: a.locker.cfg.TTL, Round: e.Round, Fence: e.Fence}
	switch e.Op {
	case protocol.Grant:
		c.Op = node.Grant
		if a.locker.params.Fenced {
			c.Fence = a.locker.proposal(now)
		}
	case protocol.Raise:
		c.Op = node.Raise
	case protocol.Extend:
		c.Op = node.Extend
	case protocol.Release, protocol.Undo:
		c.Op = node.Release
	}
	if a.locker.params.Fenced && (c.Op == node.Grant || c.Op == node.Raise) {
		c.Counter = node.Counter(a.key)
	}
	if e.Round != 0 {
		c.To = sink{a}
		if e.Op != protocol.Raise {
			a.account = account{round: e.Round}
		}
	}
	e.Nodes.Each(func(index int) {
		if err := a.locker.nodes[index].Send(c); err != nil {
			refused = refused.With(index)
			a.account.note(len(a.locker.nodes), index, e.Round, node.Reply{Err: err})
			a.observed(now, index, e.Round, node.Reply{Err: err})
		}
	})
	return refused
}

// sink hands the answers to a lease without making that part of its public face.
type sink struct{ a *attempt }

func (k sink) Answer(index int, round uint32, r node.Reply) { k.a.answer(index, round, r) }

// settle wakes whoever waits in Lock or Unlock. Nobody may: an attempt that its caller has left, a lease that Close ends.
func (a *attempt) settle() {
	select {
	case a.settled <- struct{}{}:
	default:
	}
}

// tell answers everybody who waits for extend round number round, or for an earlier one.
func (a *attempt) tell(round uint32, err error) {
	rest := a.waits[:0]
	for _, w := range a.waits {
		if w.round <= round {
			w.result <- err
		} else {
			rest = append(rest, w)
		}
	}
	a.waits = rest
}

// end tells everybody that the lease is over.
func (a *attempt) end(now clock.Instant) {
	why := ErrUnlocked
	if a.machine.End() != protocol.Unlocked {
		why = ErrLost
	}
	a.holder.end(why)
	a.ended(now, why, false)
	if errors.Is(why, ErrLost) {
		a.locker.cfg.Logger.Warn("lease lost", "key", a.key, "fence", a.holder.fence())
	}
}
