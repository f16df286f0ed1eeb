package sim

import (
	"strconv"
	"time"

	"github.com/quorumlock/quorumlock/clock"
)

// This file is the twin of internal/node's guard.go and review.go, and of recheck in exchange.go: what a client finds out
// about a server before it takes its votes for votes (R6).

const (
	reviewed = time.Second // between looks at a node that may not vote
	interval = time.Second // for which a look serves for votes
	maxTries = 3
	never    = ^uint64(0) // a number of connections that never were
)

// looking is what a look at a server has found out so far.
type looking struct {
	found survey
	at    clock.Instant // when it was asked for
	meta  string
	code  int
}

// known reports whether the server behind the connection has been looked at, and nothing speaks for another look.
func (l *lane) known() bool {
	known := l.meta != "" && l.looked == l.opened && !l.old()
	return known && (l.refusal == none || l.p.mono() < l.review)
}

// look takes a further step of a look at the server, by what came back of the last.
func (l *lane) look(x *exchange, r *request, reply response) {
	k := &x.looking
	switch {
	case reply.readOnly, r.kind == info && reply.survey.replica:
		l.unlooked(x, answer{err: readOnly})
		return
	case l.over(x):
		l.broken(x, timedOut)
		return
	}
	switch r.kind {
	case info:
		k.found, k.at = *reply.survey, l.lookedAt(x)
		l.ask(x, &request{kind: boot, boot: l.policy(k.found)})
		return
	case boot:
		l.observe(x, reply.clock)
		k.code, k.meta = reply.code, reply.meta
		remembers := l.remembers(k.found)
		switch {
		case k.code != CodeUnknown:
		case l.declares(), remembers && l.p.w.cfg.Mutant == OneSurvey:
			l.ask(x, &request{kind: lift, meta: k.meta, declared: l.declares()})
			return
		case remembers:
			l.ask(x, &request{kind: infoAgain})
			return
		}
	case infoAgain:
		if s := *reply.survey; l.remembers(s) && s.run == k.found.run && s.history == k.found.history {
			l.ask(x, &request{kind: lift, meta: k.meta})
			return
		}
	case lift:
		l.p.w.report.Lifts[reply.code]++
		if reply.code == 1 {
			k.meta = reply.meta
		}
	}
	l.booted(k)
	l.step(x)
}

// declares reports whether this process says that the node can have forgotten nothing.
func (l *lane) declares() bool { return l.p.fresh && !l.vouched }

// remembers reports whether a server certainly knows of every vote that it gave.
func (l *lane) remembers(s survey) bool {
	q := time.Duration(float64(l.p.longest)*l.p.w.cfg.stretch()) + 10*time.Millisecond
	return !s.forgot && s.uptime > q+time.Second
}

// policy is what the boot script is told.
func (l *lane) policy(s survey) *BootArgs {
	cfg := &l.p.w.cfg
	return &BootArgs{Run: s.run, History: s.history, Former: s.former, Longest: l.p.longest.Milliseconds(),
		Members: strconv.Itoa(l.p.members) + ":", Stretch: cfg.stretch(), Durable: cfg.Durable}
}

// booted is the end of a look.
func (l *lane) booted(k *looking) {
	l.seen, l.at = k.found, k.at
	l.refusal = none
	switch {
	case l.seen.mayEvict && l.p.w.cfg.Mutant != AnyPolicy:
		l.refusal = mayEvict
	case k.code < 0:
		l.refusal = otherMembers
	}
	if l.refusal != none {
		l.review = l.p.mono() + reviewed
	} else {
		l.vouched = true
	}
	l.meta, l.looked = k.meta, l.opened
	l.p.w.report.Boots++
}

// unlooked is the end of a look that came to nothing: no vote of the exchange counts.
func (l *lane) unlooked(x *exchange, a answer) {
	l.meta = ""
	x.trouble = x.trouble || a.away
	if x.doubted {
		l.recheck(x, a)
	} else {
		x.settle(a)
	}
	if x.open() {
		l.step(x)
	} else {
		l.finish(x, false)
	}
}

// unfit returns why the node may not be asked for grants.
func (l *lane) unfit() refusal {
	switch {
	case l.refusal != none:
		return l.refusal
	case l.p.mono() < l.steady:
		return clockStepped
	}
	return none
}

// accompanies reports whether a look at the server goes along with the votes that are asked for now.
func (l *lane) accompanies(x *exchange) bool {
	return l.p.w.cfg.Mutant != NoReview && x.grants() && l.p.now().Sub(l.at) >= interval
}

// lookedAt is from when on a look counts that has just been answered.
func (l *lane) lookedAt(x *exchange) clock.Instant {
	if l.p.w.cfg.Mutant == LookFromReply {
		return l.p.now()
	}
	return x.sent
}

// reviews takes what the server told along with its votes.
func (l *lane) reviews(x *exchange, s survey) {
	l.p.w.report.Reviews++
	if s.run == l.seen.run && s.history == l.seen.history && s.replica == l.seen.replica && s.mayEvict == l.seen.mayEvict {
		l.at = l.lookedAt(x)
		return
	}
	l.looked = never
	l.p.w.report.Doubts++
}

// doubtful reports whether the call is a vote that may be one of a server that has forgotten others.
func (c *call) doubtful() bool { return c.Op == OpGrant && (!c.settled || c.reply.yes) }

// recheck settles the votes that were in doubt, now that the server has been looked at again: a.err says why they do not
// count, or that they may.
func (l *lane) recheck(x *exchange, a answer) {
	x.doubted = false
	for i := range x.calls {
		c := &x.calls[i]
		switch {
		case !c.doubtful(), a.err == none && c.settled && c.meta == l.meta:
		case a.err != none:
			c.settled, c.reply = true, a
		case c.settled:
			c.reply = answer{err: otherServer}
		case c.tries >= maxTries: // its server changes all the time
			c.settled, c.reply = true, answer{err: connectionLost, away: true}
			x.trouble = true
		default:
			c.tries++
		}
	}
}
