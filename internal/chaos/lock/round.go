package lock

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/redlock"
)

// round is one try for a key, under an owner of its own (R2).
type round struct {
	locker     *simple
	key, owner string
	start      clock.Instant // read before the first byte is sent
	votes      map[*node]*vote
	answers    <-chan answer
}

// vote is what became of the grant that one node was asked for.
type vote struct {
	answered chan struct{} // closed when grant is set
	grant    grant
}

// newRound asks every node for its grant. Callers have entered.
func (l *simple) newRound(key string) *round {
	r := &round{
		locker: l, key: key, owner: uuid.NewString(), start: clock.System.Now(), votes: make(map[*node]*vote, len(l.nodes)),
	}
	for _, n := range l.nodes {
		r.votes[n] = &vote{answered: make(chan struct{})}
	}
	quarantine := l.cfg.quarantine()
	if l.flaw == noGuard {
		quarantine = 0
	}
	r.answers = l.ask(func(n *node) answer {
		v := r.votes[n]
		v.grant = n.grant(l.life, key, r.owner, l.cfg.TTL, quarantine, !l.cfg.Plain)
		close(v.answered)
		return answer{fence: v.grant.fence, err: v.grant.err}
	})
	return r
}

// acquire counts the votes and hands the lease out, or says why it cannot.
func (r *round) acquire(ctx context.Context) (Lease, error) {
	yes, no, ended := count(ctx, r.answers, r.locker.need)
	if err := r.lost(ended, len(yes), no); err != nil {
		return nil, err
	}
	fence, err := r.establish(ctx, yes)
	if err != nil {
		return nil, err
	}
	return r.lease(fence)
}

// lost returns why these votes win nothing, or nil.
func (r *round) lost(ended error, yes int, no []answer) error {
	held := 0
	for _, a := range no {
		if errors.Is(a.err, refusedHeld) {
			held++
		}
	}
	cause := redlock.ErrNoQuorum
	switch {
	case ended != nil:
		return failure("lock", r.key, fmt.Errorf("%w, %w", ended, cause), no...)
	case yes >= r.locker.need:
		return nil
	case held > len(r.locker.nodes)-r.locker.need:
		cause = redlock.ErrHeld
	}
	return failure("lock", r.key, cause, no...)
}

// establish returns the largest fence of the grants, once as many nodes as decide know it: as their own, or because they
// were told and the key was still this owner's (R5).
func (r *round) establish(ctx context.Context, grants []answer) (uint64, error) {
	l := r.locker
	var top int64
	for _, g := range grants {
		top = max(top, g.fence)
	}
	var behind []*node
	for _, g := range grants {
		if g.fence != top {
			behind = append(behind, g.node)
		}
	}
	missing := l.need - (len(grants) - len(behind))
	if missing <= 0 || l.flaw == noWriteBack {
		return uint64(top), nil
	}
	answers := l.ask(func(n *node) answer { return answer{err: n.raise(l.life, r.key, r.owner, top)} }, behind...)
	yes, no, ended := count(ctx, answers, missing)
	switch {
	case ended != nil:
		return 0, failure("lock", r.key, fmt.Errorf("%w, %w", ended, redlock.ErrNoQuorum), no...)
	case len(yes) < missing:
		return 0, failure("lock", r.key, redlock.ErrNoQuorum, no...)
	}
	return uint64(top), nil
}

// free gives the key back on all nodes, in the background: to undo a lost round, or at the end of a lease. It returns where
// an answer arrives from each node, when that does not hold the key for this owner any more, nor will. Callers have
// entered.
func (r *round) free() <-chan answer {
	until := time.Now().Add(r.locker.cfg.TTL + r.locker.cfg.NodeTimeout) // by then it has expired
	return r.locker.ask(func(n *node) answer {
		err := r.freeOn(n, until)
		if err != nil {
			r.locker.unfreed.Add(1)
		}
		return answer{err: err}
	})
}

// freeOn asks one node to delete the key until it has, or has nothing to delete: a node that never answered may grant
// until its deadline has passed, even after it has said that there is nothing (R4).
func (r *round) freeOn(n *node, until time.Time) error {
	l, v := r.locker, r.votes[n]
	<-v.answered
	if l.flaw == answeredOnly {
		if v.grant.err == nil {
			_, _, _ = n.release(l.life, r.key, r.owner, false)
		}
		return nil
	}
	for pause := 10 * time.Millisecond; ; pause = min(2*pause, l.cfg.NodeTimeout) {
		deleted, now, err := n.release(l.life, r.key, r.owner, l.flaw == blindRelease)
		switch {
		case err == nil && (deleted || !v.grant.unknown() || now > v.grant.deadline):
			return nil
		case err == nil:
			err = errors.New("it may still grant what it was asked for")
		}
		if time.Now().After(until) {
			return nil
		}
		select {
		case <-time.After(pause):
		case <-l.life.Done():
			return err
		}
	}
}
