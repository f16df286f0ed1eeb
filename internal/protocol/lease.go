package protocol

import (
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/quorum"
)

// Phase is how far a lease has come.
type Phase uint8

const (
	Idle    Phase = iota
	Asking        // the grant round is open
	Raising       // won; the fence is being written down (R5)
	Held
	Over // Lease.End tells why
)

// End is why a lease is over.
type End uint8

const (
	NotOver   End = iota
	Taken         // refusals prove that somebody else has the key
	NoQuorum      // too few nodes answered
	Late          // a majority granted, but the window had closed by then
	Cancelled     // given up from outside before it was held
	Forfeited     // held, then lost
	Unlocked      // held, then released
)

// Freed is what the release of a held lease came to.
type Freed uint8

const (
	FreedPending Freed = iota
	FreedAll           // a majority does not hold the key any more
	FreedTooLate       // a majority said that the key was not ours any more
	FreedUnknown       // too few nodes answered; the grants that are left expire by themselves
)

// Lease is one attempt at a key under one owner, from its first grant to its end. The zero Lease is not usable: make
// one with [NewLease].
//
// Every method that takes an event returns effects in a slice that is valid until the next call. A Lease is not safe
// for concurrent use. Events must come in the order of their times, but need not come in time: each looks first
// whether the window has closed meanwhile.
type Lease struct {
	p      *Params
	phase  Phase
	end    End
	freed  Freed
	jitter float64
	number uint32 // of the newest round

	grant  Round // the round that acquires
	round  Round // the newest raise, extend or release
	again  bool  // an extend was asked for while one was under way
	window clock.Window
	won    clock.Instant // when its first holder got it
	opened clock.Instant // when its newest holder did
	turn   int           // how many holders there have been before that one
	renew  clock.Instant // when the next renewal is due

	granters    quorum.Set // S of R5
	fence       uint64     // T of R5: the largest fence among the granters
	established quorum.Set // granters that have written T down
	healed      quorum.Set // nodes that were asked to grant the key again

	effects []Effect
	buffer  [4]Effect
}

// NewLease returns a lease in phase Idle. jitter, in [0, 1), spreads the renewals of leases that began together.
func NewLease(p *Params, jitter float64) Lease {
	return Lease{p: p, jitter: jitter}
}

// Phase returns how far the lease has come.
func (l *Lease) Phase() Phase { return l.phase }

// End returns why the lease is over; NotOver as long as it is not.
func (l *Lease) End() End { return l.end }

// Freed returns what the release came to; FreedPending as long as there was none, or it is open.
func (l *Lease) Freed() Freed { return l.freed }

// Began returns when the round that acquires began.
func (l *Lease) Began() clock.Instant { return l.grant.Start }

// Fence returns T of R5, meaningful from Held on; 0 without fences.
func (l *Lease) Fence() uint64 { return l.fence }

// Turn returns how many holders the lease has had before the newest one.
func (l *Lease) Turn() int { return l.turn }

// Grants returns how many nodes granted the key in the round that acquired it.
func (l *Lease) Grants() int { return l.granters.Len() }

// Silent returns the nodes that the newest round has waited for in vain: those that had not answered when its budget
// was used up (then expired is true), or have not yet while it is open. A node that was not waited for is not among
// them.
func (l *Lease) Silent() (nodes quorum.Set, expired bool) {
	if l.round.Op == 0 {
		return l.grant.silent(), l.grant.expired
	}
	return l.round.silent(), l.round.expired
}

// Left returns for how long the lease may be trusted at now; 0 when it is not held.
func (l *Lease) Left(now clock.Instant) time.Duration {
	if l.phase != Held {
		return 0
	}
	return l.trust(now)
}

// trust returns what is left of the window at now, less the guard and within the longest hold.
func (l *Lease) trust(now clock.Instant) time.Duration {
	left := l.window.Left(now) - l.p.Guard
	if l.p.MaxHold > 0 && l.phase == Held {
		left = min(left, l.p.MaxHold-now.Sub(l.opened))
	}
	return max(0, left)
}

// Tick tells the lease that it is now. Call it at [Lease.Next], and whenever clocks may have jumped.
func (l *Lease) Tick(now clock.Instant) []Effect {
	if l.observe(now) {
		return l.effects
	}
	if l.phase == Asking && l.grant.expire(now) == quorum.Lost {
		l.giveUp(NoQuorum)
		return l.effects
	}
	if l.round.expire(now) == quorum.Lost {
		l.decided(now, quorum.Lost)
	}
	if l.phase == Held && l.p.Renew && !l.round.open() && now.Sub(l.renew) >= 0 {
		l.extend(now)
	}
	return l.effects
}

// Next returns when Tick wants to be called next, and false when it does not.
func (l *Lease) Next() (clock.Instant, bool) {
	var next clock.Instant
	some := false
	consider := func(at clock.Instant) {
		if !some || at.Mono() < next.Mono() {
			next, some = at, true
		}
	}
	if l.phase == Asking {
		consider(l.grant.deadline())
	}
	if l.round.open() {
		consider(l.round.deadline())
	}
	if l.phase == Held {
		consider(l.window.Start.Add(l.window.Length - l.p.Guard))
		if l.p.MaxHold > 0 {
			consider(l.opened.Add(l.p.MaxHold))
		}
		if l.p.Renew && !l.round.open() {
			consider(l.renew)
		}
	}
	return next, some
}

// Reply tells the lease what node answered to round number round. Replies to rounds that are not under way are
// dropped (R2).
func (l *Lease) Reply(now clock.Instant, node int, round uint32, reply Reply) []Effect {
	if l.observe(now) || round == 0 {
		return l.effects
	}
	switch round {
	case l.grant.ID:
		l.onGrant(now, node, reply)
	case l.round.ID:
		l.onReply(now, node, reply)
	}
	return l.effects
}

// onReply counts a reply to the newest round after the grant.
func (l *Lease) onReply(now clock.Instant, node int, reply Reply) {
	first := !l.round.seen.Has(node)
	d := l.round.count(node, reply)
	if l.round.Op == Extend && l.phase == Held && first && reply.Vote == Refused {
		if l.round.disowned() {
			l.forfeit()
			return
		}
		l.heal(node)
	}
	l.decided(now, d)
}

// decided goes on after the newest round was decided; Pending changes nothing.
func (l *Lease) decided(now clock.Instant, d quorum.Decision) {
	if d == quorum.Pending {
		return
	}
	switch {
	case l.round.Op == Raise && l.phase == Raising:
		l.onRaised(now, d)
	case l.round.Op == Extend && l.phase == Held:
		l.onExtended(now, d)
	case l.round.Op == Release:
		l.onReleased(d)
	}
}

// observe begins every event: it empties the effects and ends a held lease whose time is over. It reports whether it
// did, and the event comes too late.
func (l *Lease) observe(now clock.Instant) bool {
	l.effects = l.buffer[:0]
	if l.phase == Held && l.trust(now) == 0 {
		l.forfeit()
		return true
	}
	return false
}

// begin numbers a new round.
func (l *Lease) begin(now clock.Instant, op Op, budget time.Duration) Round {
	l.number++
	return newRound(l.number, op, now, l.p.Rule, budget)
}

func (l *Lease) all() quorum.Set { return quorum.All(l.p.Rule.Nodes()) }

// never returns the nodes that certainly have nothing of this lease: no grant was ever put to them, or none that they
// carried out.
func (l *Lease) never() quorum.Set { return l.grant.unasked.Without(l.healed) }

func (l *Lease) emit(e Effect) { l.effects = append(l.effects, e) }
