package protocol

import (
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/quorum"
)

// Round is one question to all nodes, under one number: replies that carry another number are not part of it (R2).
// The zero Round asks nothing and is decided.
type Round struct {
	ID    uint32
	Op    Op
	Start clock.Instant // read before the first byte was sent

	budget   time.Duration
	rule     quorum.Rule
	ballot   quorum.Ballot
	decision quorum.Decision
	seen     quorum.Set // replied, before the decision or after it
	refused  quorum.Set // replied that the key is not the owner's
	unasked  quorum.Set // never got the question
	expired  bool       // decided by the budget, and not by replies
}

func newRound(id uint32, op Op, now clock.Instant, rule quorum.Rule, budget time.Duration) Round {
	return Round{ID: id, Op: op, Start: now, budget: budget, rule: rule, ballot: rule.Ballot()}
}

// open reports whether the outcome is still to come.
func (r *Round) open() bool { return r.Op != 0 && r.decision == quorum.Pending }

// count takes a node's first reply; its later ones are duplicates and change nothing. It returns Won or Lost from the
// one call that decides the round, and Pending from all others.
func (r *Round) count(node int, reply Reply) quorum.Decision {
	if r.seen.Has(node) {
		return quorum.Pending
	}
	r.seen = r.seen.With(node)
	switch reply.Vote {
	case Refused:
		r.refused = r.refused.With(node)
	case Unasked:
		r.unasked = r.unasked.With(node)
	}
	if !r.open() {
		return quorum.Pending
	}
	// A release is a question about the key, not about the owner: it is free on every node that answered.
	yes := reply.Vote == Granted || r.Op == Release && reply.Vote == Refused
	r.decision = r.ballot.Cast(node, yes)
	return r.decision
}

// expire decides the round if its budget is used up at now: whoever has not replied is silent. It returns Lost from
// the one call that does so.
func (r *Round) expire(now clock.Instant) quorum.Decision {
	if r.open() && now.Sub(r.Start) >= r.budget {
		r.decision, r.expired = quorum.Lost, true
		return quorum.Lost
	}
	return quorum.Pending
}

// silent returns the nodes whose silence decided the round, or keeps it open; nothing if it was decided by replies.
func (r *Round) silent() quorum.Set {
	if !r.open() && !r.expired {
		return 0
	}
	return quorum.All(r.rule.Nodes()).Without(r.seen)
}

// deadline returns when expire will have something to do.
func (r *Round) deadline() clock.Instant { return r.Start.Add(r.budget) }

// disowned reports whether so many nodes said that the key is not the owner's that no majority can hold it.
func (r *Round) disowned() bool {
	return r.rule.Decide(0, r.refused.Len()) == quorum.Lost
}

// touched returns the nodes that may have carried the command out: all but those that said no, and those that
// certainly never got it.
func (r *Round) touched() quorum.Set {
	return quorum.All(r.rule.Nodes()).Without(r.refused | r.unasked)
}
