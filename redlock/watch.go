package redlock

import (
	"context"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/node"
	"github.com/quorumlock/quorumlock/internal/protocol"
)

// This file tells the observer. Where there is none, calls and watches are nil.

// call is one Lock or TryLock, as its observer sees it, and then its lease.
type call struct {
	ctx   context.Context // what the observer made of the caller's
	began Began
	start clock.Instant

	// Of the goroutine that calls.
	rounds int           // that it has asked itself
	asked  int           // nodes, in these rounds
	round  clock.Instant // when the last of them began

	// Guarded by the mu of the newest attempt on its behalf.
	got   clock.Instant // when the observer was told of its lease
	told  bool          // whether it was
	over  *Lease        // one that ended before that; nil when none did
	early Ended         // how
}

// watch is what an observed attempt remembers of its rounds: of the one that acquires, whose last answers may come in
// the middle of later ones, and of the newest.
type watch struct {
	first, newest watchedRound
}

type watchedRound struct {
	ctx            context.Context // of the holder for whom it was begun
	id             uint32
	op             protocol.Op
	start          clock.Instant
	votes, answers int
}

// deaf reports whether nobody listens.
func (o *Observer) deaf() bool {
	return o == nil || o.Began == nil && o.Answered == nil && o.Locked == nil && o.Extended == nil && o.Ended == nil
}

// begin tells the observer of a call that begins; nil when nobody observes.
func (l *Locker) begin(ctx context.Context, key string, try bool) *call {
	o := l.cfg.Observer
	if o.deaf() {
		return nil
	}
	rule := l.params.Rule
	c := &call{
		ctx:   ctx,
		began: Began{Key: key, Try: try, Mode: l.cfg.Mode, TTL: l.cfg.TTL, Nodes: rule.Nodes(), Need: rule.Need()},
		start: l.timetable.clock.Now(),
	}
	if o.Began != nil {
		c.ctx = o.Began(ctx, c.began)
	}
	return c
}

// watching returns what an attempt for a call needs to be observed; nil when nobody observes.
func (c *call) watching() *watch {
	if c == nil {
		return nil
	}
	return new(watch)
}

// locked tells the observer how a call has ended: with a lease, or with err. If the lease has ended meanwhile, that comes
// next.
func (l *Locker) locked(c *call, s *Lease, err error) {
	if c == nil {
		return
	}
	o, now := l.cfg.Observer, l.timetable.clock.Now()
	if o.Locked != nil {
		o.Locked(c.ctx, c.outcome(now, s, err))
	}
	if err != nil {
		return
	}
	s.attempt.mu.Lock()
	c.got, c.told = now, true
	over := c.over == s
	s.attempt.mu.Unlock()
	if over && o.Ended != nil {
		o.Ended(c.ctx, c.early)
	}
}

// outcome is what the observer is told of a call that has ended.
func (c *call) outcome(now clock.Instant, s *Lease, err error) Locked {
	told := Locked{Began: c.began, Waited: now.Sub(c.start), Rounds: c.rounds, Asked: c.asked, Err: err}
	if err == nil {
		told.Rounds, told.HandOver = s.rounds, s.rounds == 0
	}
	if c.rounds > 0 && !told.HandOver {
		told.Took = now.Sub(c.round)
	}
	return told
}

// asked notes the start of a round. A raise may ask further nodes later, in the same round. Callers hold mu.
func (a *attempt) asked(now clock.Instant, e protocol.Effect) {
	if a.watch == nil || e.Round == 0 || e.Round == a.watch.newest.id || e.Round == a.watch.first.id {
		return
	}
	round := &a.watch.newest
	if e.Op == protocol.Grant {
		round = &a.watch.first
		c := a.first.call
		c.rounds, c.asked, c.round = c.rounds+1, c.asked+e.Nodes.Len(), now
	}
	*round = watchedRound{ctx: a.holder.call.ctx, id: e.Round, op: e.Op, start: now}
}

// observed tells the observer of an answer. Callers hold mu.
func (a *attempt) observed(now clock.Instant, index int, id uint32, r node.Reply) {
	if a.watch == nil || a.locker.cfg.Observer.Answered == nil {
		return
	}
	round := &a.watch.newest
	if id == a.watch.first.id {
		round = &a.watch.first
	}
	if id == 0 || id != round.id {
		return // a straggler from two rounds ago
	}
	yes := r.Yes || round.op == protocol.Release && r.Err == nil
	round.answers++
	if yes {
		round.votes++
	}
	a.locker.cfg.Observer.Answered(round.ctx, Answer{
		Op: observedOps[round.op], Node: index, Addr: a.locker.nodes[index].Addr(),
		Yes: yes, Err: r.Err, After: now.Sub(round.start),
		Votes: round.votes, Answers: round.answers, Need: a.locker.params.Rule.Need(),
	})
}

// extended tells the observer how an extend was decided. Callers hold mu.
func (a *attempt) extended(err error) {
	if a.watch != nil && a.locker.cfg.Observer.Extended != nil {
		a.locker.cfg.Observer.Extended(a.holder.call.ctx, Extended{Key: a.key, Err: err})
	}
}

// ended tells the observer how the holder's lease ended, unless it has not heard of that lease yet. Callers hold mu.
func (a *attempt) ended(now clock.Instant, why error, handOver bool) {
	c := a.holder.call
	if c == nil || a.locker.cfg.Observer.Ended == nil {
		return
	}
	end := Ended{Key: a.key, HandOver: handOver, Err: why}
	if a.byClose {
		end.Err = ErrClosed
	}
	if !c.told {
		c.over, c.early = a.holder, end
		return
	}
	end.Held = now.Sub(c.got)
	a.locker.cfg.Observer.Ended(c.ctx, end)
}

// observedOps are the words that callers know, as in errors.
var observedOps = [...]string{
	protocol.Grant:   opLock,
	protocol.Raise:   "raise",
	protocol.Extend:  opExtend,
	protocol.Release: opUnlock,
}
