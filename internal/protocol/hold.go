package protocol

import (
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/quorum"
)

// Extend asks for a later window and returns, beside the effects, the number of the round whose Renewed or Kept is
// the answer. Rounds do not overlap: when one is under way, which began before this call, the next one is the answer,
// and it serves everybody who asked meanwhile. The number is 0 when the lease is not held.
func (l *Lease) Extend(now clock.Instant) ([]Effect, uint32) {
	if l.observe(now) || l.phase != Held {
		return l.effects, 0
	}
	if l.round.open() {
		l.again = true
		return l.effects, l.number + 1
	}
	l.extend(now)
	return l.effects, l.number
}

func (l *Lease) extend(now clock.Instant) {
	l.again = false
	// A quarter of the TTL at most, so that there is time for another try when this one meets silence.
	l.round = l.begin(now, Extend, min(l.p.Budget, l.p.TTL/4))
	l.emit(Effect{Kind: Send, Op: Extend, Round: l.round.ID, Nodes: l.all()})
}

// onExtended moves the window after a majority still held the key, counted from the start of the round; a round that
// failed leaves the window as it is (R7).
func (l *Lease) onExtended(now clock.Instant, d quorum.Decision) {
	if d == quorum.Won {
		l.window.Start = l.round.Start
		l.renew = l.round.Start.Add(l.renewal())
		l.emit(Effect{Kind: Renewed, Round: l.round.ID})
	} else {
		l.renew = now.Add(l.retry())
		l.emit(Effect{Kind: Kept, Round: l.round.ID, Nodes: l.round.silent()})
	}
	if l.again {
		l.extend(now)
	}
}

// heal asks a node that does not have the key, while the lease is held, to grant it again: a majority that has shrunk
// is widened before it is too small. It is no vote of any round (R7): its reply carries the round number 0, and the
// node counts again when a later extend finds the key there.
func (l *Lease) heal(node int) {
	l.healed = l.healed.With(node)
	l.emit(Effect{Kind: Send, Op: Grant, Nodes: quorum.Set(0).With(node)})
}

// forfeit ends a held lease whose window is closing, or that a majority of nodes has disowned. It never comes back
// (R7), and what is left of it on the nodes is taken back.
func (l *Lease) forfeit() {
	l.phase, l.end = Over, Forfeited
	l.round = Round{} // whatever was under way is of no interest any more
	l.emit(Effect{Kind: Ended})
	l.emit(Effect{Kind: Send, Op: Undo, Nodes: l.all().Without(l.never())})
}

// Release ends a held lease and asks every node that may have a grant to take it back. Settled follows as soon as it is
// decided whether a majority has answered: a slow node is not waited for (R9). One that never had a grant is not asked, and
// is as silent as it was: whoever locks next has to do without it too, and needs the others to be free.
func (l *Lease) Release(now clock.Instant) []Effect {
	if l.observe(now) || l.phase != Held {
		return l.effects
	}
	l.phase, l.end = Over, Unlocked
	l.round = l.begin(now, Release, l.p.Budget)
	l.never().Each(func(node int) { l.round.count(node, Reply{Vote: Silent}) })
	l.emit(Effect{Kind: Ended})
	l.emit(Effect{Kind: Send, Op: Release, Round: l.round.ID, Nodes: l.all().Without(l.never())})
	return l.effects
}

// HandOver reports whether the lease goes to a next holder in the same process, from now on, without a word to the nodes:
// only while it is held, within the bounds of its cohort, with enough left to be of use, and extended in the background,
// since a holder who extends by itself counts on a whole TTL. Fences leave room for as many holders as a cohort may have (R5).
func (l *Lease) HandOver(now clock.Instant) ([]Effect, bool) {
	cohort := l.p.Cohort
	if l.observe(now) || l.phase != Held || !l.p.Renew || l.turn+1 >= cohort.Max ||
		cohort.For > 0 && now.Sub(l.won) >= cohort.For || l.window.Left(now)-l.p.Guard < l.p.trust()/2 {
		return l.effects, false
	}
	l.turn++
	l.opened = now
	return l.effects, true
}

func (l *Lease) onReleased(d quorum.Decision) {
	switch {
	case l.round.disowned():
		l.freed = FreedTooLate
	case d == quorum.Won:
		l.freed = FreedAll
	default:
		l.freed = FreedUnknown
	}
	l.emit(Effect{Kind: Settled})
}

// renewal is how long after the start of a round the next renewal is due: a third of the TTL, give or take a tenth of
// that, so that two renewals may fail before the window closes (R7).
func (l *Lease) renewal() time.Duration {
	third := l.p.TTL / 3
	return third*9/10 + time.Duration(l.jitter*float64(third)/5)
}

// retry is how long after a failed renewal the next one is due.
func (l *Lease) retry() time.Duration { return l.renewal() / 4 }
