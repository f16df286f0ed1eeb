package redlock

import (
	"context"
	"math/rand/v2"
	"sync/atomic"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/node"
	"github.com/quorumlock/quorumlock/internal/protocol"
	"github.com/quorumlock/quorumlock/quorum"
)

// contest is how the head of a queue waits for a key that others hold, in other processes or in this one.
type contest struct {
	wait *protocol.Wait // guarded by the shard's mu
	stir chan struct{}  // capacity 1: there is news for the head
	ear  *ear           // of enrollments while others hold the key
	last *ear           // of those at the moment before it is given back here
	// since is when this process began to wait, by the nodes' clocks in µs; guarded by the shard's mu. Who is handed over to
	// within the process does not change it.
	since int64
	// alone are the nodes on which no other process stood in the line when this one gave the key back last; guarded by the
	// shard's mu. While another has the key, it says nothing that he does not stand in the line.
	alone quorum.Set
	// straight: the head goes for the key as soon as that has been given back here, on the heels of the releases; guarded by
	// the shard's mu.
	straight bool
}

// ear takes what the nodes answer to the enrollments of one contest.
type ear struct {
	house *house
	key   string
	round uint32
	last  bool // of enrollments at the moment before the key is given back
}

// turn is for how long a node keeps the key for whoever is woken: see wake.lua.
const turn = 200 * time.Millisecond

// contests numbers them, so that a late answer is not taken for one to a later contest.
var contests atomic.Uint32

// compete begins to wait. Callers hold the shard's mu.
func (q *queue) compete() {
	l := q.first.locker
	q.contest = &contest{
		wait: protocol.NewWait(l.params.Rule, protocol.Pace(l.cfg.Backoff)),
		stir: make(chan struct{}, 1),
		ear:  &ear{house: q.house, key: q.key, round: contests.Add(1)},
	}
	last := *q.contest.ear
	last.last = true
	q.contest.last = &last
	q.contest.since = q.house.nodesTime()
	if !l.params.Fenced {
		return // nothing is announced
	}
	quorum.Set(q.house.hears.Load()).Each(func(index int) { q.contest.wait.Hears(index, true) })
	for _, n := range q.house.nodes {
		n.Listen()
	}
}

// settle ends the contest, if there is one. Callers hold the shard's mu.
func (q *queue) settle() {
	if q.contest == nil {
		return
	}
	leave := node.Command{Op: node.Leave, Key: q.key, Owner: q.house.process, Line: node.Line(q.key)}
	q.contest.wait.Listed().Each(func(index int) { _ = q.house.nodes[index].Send(leave) })
	q.contest = nil
	if !q.house.fenced {
		return
	}
	for _, n := range q.house.nodes {
		n.Hush()
	}
}

// yield has this process enrolled behind all others that wait. It is for the moment before the key is given back.
//
// Where no other process waits, as far as is known, that is not needed: the head goes straight for the key, which saves a round
// trip. Should somebody have come, the nodes keep the key for him, and the head is refused, and waits as others do.
func (q *queue) yield() {
	q.shard.mu.Lock()
	defer q.shard.mu.Unlock()
	c := q.contest
	if c == nil || q.first == nil {
		return
	}
	c.since = q.house.nodesTime()
	heard := quorum.Set(q.house.hears.Load())
	if need := q.first.locker.params.Rule.Need(); (heard & c.alone).Len() >= need {
		c.straight = true
	} else {
		q.enroll(heard, c.last)
	}
}

// goesStraight reports whether the head goes for the key without waiting to be woken, this once.
func (q *queue) goesStraight() bool {
	q.shard.mu.Lock()
	defer q.shard.mu.Unlock()
	c := q.contest
	straight := c.straight
	c.straight = false
	return straight
}

// enroll asks nodes to enroll this process, and to answer to an ear of the contest. Callers hold the shard's mu.
func (q *queue) enroll(nodes quorum.Set, to *ear) {
	c := node.Command{
		Op: node.Enroll, Key: q.key, Owner: q.house.process, Line: node.Line(q.key), Since: q.contest.since,
		Round: to.round, To: to,
	}
	q.contest.wait.Asked(nodes)
	nodes.Each(func(index int) {
		if q.house.nodes[index].Send(c) != nil {
			q.contest.wait.Failed(index)
		}
	})
}

// Answer takes a node's answer to an enrollment.
func (e *ear) Answer(index int, round uint32, r node.Reply) {
	e.house.news(e.key, func(q *queue) {
		if q.contest == nil || q.contest.ear.round != round {
			return
		}
		q.contest.alone = q.contest.alone.Without(quorum.Set(0).With(index))
		switch {
		case r.Err != nil:
			q.contest.wait.Failed(index)
			return
		case e.last && r.Alone:
			q.contest.alone = q.contest.alone.With(index)
		}
		if e.last {
			r.Left = min(r.Left, turn) // the key is kept for somebody by now, and we look whether he comes
		}
		q.contest.wait.Enrolled(e.house.timetable.clock.Now(), index, r.Left)
	})
}

// news lets take change what the queue of a key knows, and has its head look. take is called with the shard's mu held.
func (h *house) news(key string, take func(q *queue)) {
	sh := h.queues.shard(key)
	sh.mu.Lock()
	defer sh.mu.Unlock()
	q := sh.byKey[key]
	if q == nil {
		return
	}
	take(q)
	q.look()
}

// look has the head look at what there is to do. Callers hold the shard's mu.
func (q *queue) look() {
	if q.contest == nil || q.holder != nil {
		return
	}
	select {
	case q.contest.stir <- struct{}{}:
	default:
	}
}

// Hears is what a node's subscription says of itself.
func (h *house) Hears(index int, does bool) {
	one := uint64(quorum.Set(0).With(index))
	if does {
		h.hears.Or(one)
	} else {
		h.hears.And(^one)
	}
	for i := range h.queues.shards {
		sh := &h.queues.shards[i]
		sh.mu.Lock()
		for _, q := range sh.byKey {
			if q.contest != nil {
				q.contest.wait.Hears(index, does)
				q.look()
			}
		}
		sh.mu.Unlock()
	}
}

// Free is a node's announcement that a key is free, to us alone. When nobody waits here any more, the next one is to have it.
func (h *house) Free(index int, key string) {
	needless := true
	h.news(key, func(q *queue) {
		if needless = q.contest == nil; !needless {
			q.contest.wait.Free(h.timetable.clock.Now(), index)
		}
	})
	if needless {
		_ = h.nodes[index].Send(node.Command{Op: node.Leave, Key: key, Owner: h.process, Line: node.Line(key)})
	}
}

// Kept is a node's announcement that a key has been extended.
func (h *house) Kept(index int, key string, left time.Duration) {
	h.news(key, func(q *queue) {
		if q.contest != nil {
			q.contest.wait.Extended(h.timetable.clock.Now(), index, left)
		}
	})
}

// await returns when it is time for the head to go for the key, or with false when ctx has ended, or the locker.
func (q *queue) await(ctx context.Context) bool {
	var timer *time.Timer
	for {
		sleep, try := q.move()
		if try {
			return ctx.Err() == nil && !q.house.closed()
		}
		if timer == nil {
			timer = time.NewTimer(sleep)
			defer timer.Stop()
		} else {
			timer.Reset(sleep)
		}
		select {
		case <-q.contest.stir:
		case <-timer.C:
		case <-ctx.Done():
			return false
		case <-q.house.closing:
			return false
		}
	}
}

// move does what there is to do for a head that waits, and returns for how long there is nothing more, or that it is time
// to go for the key.
func (q *queue) move() (sleep time.Duration, try bool) {
	q.shard.mu.Lock()
	defer q.shard.mu.Unlock()
	for {
		move, ask, sleep := q.contest.wait.Next(q.house.timetable.clock.Now(), rand.Float64())
		switch move {
		case protocol.Try:
			q.contest.wait.Trying()
			return 0, true
		case protocol.Sleep:
			return sleep, false
		}
		q.enroll(ask, q.contest.ear)
	}
}

// answers returns what the nodes said in an attempt that was lost, how long it took, and how it ended.
func (a *attempt) answers(now clock.Instant) (answers []protocol.Answer, took time.Duration, end protocol.End) {
	a.mu.Lock()
	defer a.mu.Unlock()
	answers = make([]protocol.Answer, len(a.locker.nodes))
	for i, err := range a.account.errs {
		if r, refused := err.(refusal); refused {
			answers[i] = protocol.Answer{Held: true, Left: r.left}
		}
	}
	return answers, now.Sub(a.machine.Began()), a.machine.End()
}
