package redlock

import (
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/node"
	"github.com/quorumlock/quorumlock/internal/protocol"
)

// Observer is told what the nodes answer, for metrics, traces and benchmarks. A function that is nil is not called, and
// a nil Observer costs nothing: no allocation and no clock read. It must not be changed while a locker uses it.
type Observer struct {
	// Answered is told of every node's answer to a round, also of those that come after the round was decided, but not
	// of what is undone in the background. It is called from several goroutines at a time, in the middle of the work:
	// it must not block, and must not use the lease or the locker.
	Answered func(Answer)
	// Locked is told of every Lock and TryLock that got its key, before that returns. It may use neither.
	Locked func(Locked)
}

// Locked is how one Lock or TryLock came by its key.
type Locked struct {
	Key      string
	Waited   time.Duration // from the call
	Rounds   int           // that asked the nodes, of this process and for this key, since it had the key last; 0 when handed over
	HandOver bool          // it was handed over in this process, without a word to the nodes
}

// Answer is what one node said in one round. Everybody who answers with a yes has a vote in it.
type Answer struct {
	Op   string // lock, raise, extend or unlock
	Node int    // in the order of the locker's nodes
	Addr string // without credentials

	Yes   bool          // done as asked; for unlock also: was not there any more
	Err   error         // why there is no answer that counts; nil with Yes, and nil when another owner has the key
	After time.Duration // since the round began: waiting in the node's lane, the way there and back, and the node's work

	// Votes and Answers are how many nodes had said yes, and how many had said anything or failed, this one included.
	// The vote that decides a lock, extend or unlock has Votes == Need, its slowest node has Answers == the number of
	// nodes. A raise asks only the nodes that need it, and counts only those.
	Votes, Answers int
	Need           int
}

// watch is what an observed lease remembers of its rounds: of the one that acquires, whose last answers may come in
// the middle of later ones, and of the newest.
type watch struct {
	first, newest watchedRound
}

type watchedRound struct {
	id             uint32
	op             protocol.Op
	start          clock.Instant
	votes, answers int
}

// watching returns what a new lease needs to be observed; nil when nobody observes.
func (cfg *Config) watching() *watch {
	if cfg.Observer == nil || cfg.Observer.Answered == nil {
		return nil
	}
	return new(watch)
}

// begin returns when a call of Lock begins, as far as anybody wants to know.
func (l *Locker) begin() clock.Instant {
	if l.cfg.Observer == nil || l.cfg.Observer.Locked == nil {
		return clock.Instant{}
	}
	return l.timetable.clock.Now()
}

// locked tells the observer of a lock that began at the given time.
func (l *Locker) locked(s *Lease, began clock.Instant) {
	if l.cfg.Observer != nil && l.cfg.Observer.Locked != nil {
		l.cfg.Observer.Locked(Locked{Key: s.attempt.key, Waited: l.timetable.clock.Now().Sub(began), Rounds: s.rounds, HandOver: s.rounds == 0})
	}
}

// asked notes the start of a round. A raise may ask further nodes later, in the same round. Callers hold mu.
func (a *attempt) asked(now clock.Instant, e protocol.Effect) {
	if a.watch == nil || e.Round == 0 || e.Round == a.watch.newest.id || e.Round == a.watch.first.id {
		return
	}
	round := &a.watch.newest
	if e.Op == protocol.Grant {
		round = &a.watch.first
	}
	*round = watchedRound{id: e.Round, op: e.Op, start: now}
}

// observed tells the observer of an answer. Callers hold mu.
func (a *attempt) observed(now clock.Instant, index int, id uint32, r node.Reply) {
	if a.watch == nil {
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
	a.locker.cfg.Observer.Answered(Answer{
		Op: observedOps[round.op], Node: index, Addr: a.locker.nodes[index].Addr(),
		Yes: yes, Err: r.Err, After: now.Sub(round.start),
		Votes: round.votes, Answers: round.answers, Need: a.locker.params.Rule.Need(),
	})
}

// observedOps are the words that callers know, as in errors.
var observedOps = [...]string{
	protocol.Grant:   opLock,
	protocol.Raise:   "raise",
	protocol.Extend:  opExtend,
	protocol.Release: opUnlock,
}
