package sim

import (
	"strconv"
	"time"
)

// begin puts a batch to the node: opens a connection if there is none, looks at the server before grants (R6), and
// sends. All of it together may take as long as one exchange.
//
// A client that was dialed by the library bounds each request by itself, and not all of them together.
func (l *lane) begin(x *exchange) {
	l.x = x
	x.began, x.sent = l.p.mono(), l.p.mono()
	if bound := l.bound(x); bound > 0 {
		l.p.after(bound, func() {
			if l.x == x {
				l.broken(x, timedOut)
			}
		})
	}
	l.step(x)
}

// bound is how long an exchange may take; 0: no bound.
func (l *lane) bound(x *exchange) time.Duration {
	switch {
	case x.first:
		return 2 * l.p.w.cfg.Budget
	case l.p.w.cfg.Dialed:
		return 0
	}
	return l.p.w.cfg.Budget
}

// step sends the next request of the exchange.
func (l *lane) step(x *exchange) {
	if bound := l.bound(x); bound > 0 && l.p.mono()-x.began >= bound { // not noticed yet, by a process that was stopped
		l.broken(x, timedOut)
		return
	}
	if l.conn == nil {
		l.p.w.conns++
		l.conn = &conn{l: l, serial: l.p.w.conns}
		l.ask(x, &request{kind: connect})
		return
	}
	if x.first || x.grants() {
		known := l.meta != "" && l.looked == l.opened && !l.old()
		if !known || l.refusal != none && l.p.mono() >= l.review {
			l.ask(x, &request{kind: info})
			return
		}
		if why := l.unfit(); why != none {
			x.settle(answer{err: why})
		}
		if !x.open() {
			l.finish(x, false)
			return
		}
	}
	budget := l.p.w.cfg.Budget
	r := &request{kind: batch, meta: l.meta, grace: (budget + budget/4 + late).Milliseconds(), deadline: l.deadline(),
		commands: make([]command, 0, len(x.calls)), script: make([]Command, 0, len(x.calls))}
	for i := range x.calls {
		c := &x.calls[i]
		if !c.settled {
			r.commands = append(r.commands, c.command)
			r.script = append(r.script, c.Command)
		}
	}
	l.ask(x, r)
}

// ask sends a request, and gives it up in time where each has a bound of its own.
func (l *lane) ask(x *exchange, r *request) {
	x.number++
	r.x, r.number = x, x.number
	x.kind, x.sent = r.kind, l.p.mono()
	l.p.w.forth(l.conn, r)
	if !l.p.w.cfg.Dialed {
		return
	}
	bound := l.p.w.cfg.Budget
	if r.kind == connect {
		bound = max(bound, time.Second)
	}
	l.p.after(bound, func() {
		if l.x == x && x.number == r.number {
			l.broken(x, timedOut)
		}
	})
}

// old reports whether the node is asked for its clock before more grants are sent.
func (l *lane) old() bool {
	return l.p.w.cfg.Mutant != OldClock && l.clock.old(l.p.now(), l.p.w.cfg.Budget/4)
}

// deadline is until when grants that are sent now may be carried out, by the node's clock (R4).
func (l *lane) deadline() int64 {
	now := l.p.now()
	length := l.p.w.cfg.Budget + late
	if l.p.w.cfg.Mutant != OldClock {
		length += l.clock.slack(now)
	}
	return l.clock.estimate(now) + length.Microseconds()
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

// grants reports whether a grant is still to be asked for.
func (x *exchange) grants() bool {
	for i := range x.calls {
		if x.calls[i].Op == OpGrant && !x.calls[i].settled {
			return true
		}
	}
	return false
}

func (x *exchange) open() bool {
	for i := range x.calls {
		if !x.calls[i].settled {
			return true
		}
	}
	return false
}

// settle answers every grant that is open. One that was sent before counts as sent, whatever the node did with it.
func (x *exchange) settle(a answer) {
	for i := range x.calls {
		if c := &x.calls[i]; c.Op == OpGrant && !c.settled {
			c.settled, c.reply = true, a
			c.reply.untouched = c.tries == 0
		}
	}
}

// broken ends the exchange without answers: whatever was asked may have been carried out. Where it was the look at the
// server that failed, no grant was sent, and the rest of the batch is still tried.
func (l *lane) broken(x *exchange, why refusal) {
	l.conn = nil
	if x.kind != batch && (x.first || x.grants()) {
		l.meta, x.trouble = "", true
		x.settle(answer{err: why, away: true})
		if x.open() && (l.p.w.cfg.Dialed || why != timedOut) {
			l.step(x)
			return
		}
	}
	for i := range x.calls {
		if c := &x.calls[i]; !c.settled {
			c.settled, c.reply = true, answer{err: why, away: true}
		}
	}
	l.finish(x, true)
}

func (l *lane) finish(x *exchange, trouble bool) {
	l.x = nil
	x.done(trouble || x.trouble)
}

// receive takes a response; one that nobody waits for any more is dropped.
func (l *lane) receive(c *conn, r *request, reply response) {
	x := r.x
	if l.x != x || x.number != r.number || l.conn != c {
		return
	}
	if reply.reset {
		l.broken(x, connectionLost)
		return
	}
	switch r.kind {
	case connect:
		l.opened++
	case info:
		if x.first && l.p.mono()-x.began >= l.bound(x) { // as in step
			l.broken(x, timedOut)
			return
		}
		l.evicts = reply.survey.mayEvict
		l.ask(x, &request{kind: boot, boot: l.policy(*reply.survey), declared: l.declares()})
		return
	case boot:
		l.booted(x, reply)
	case batch:
		l.read(x, r, reply)
	}
	if x.first || x.open() {
		l.step(x)
	} else {
		l.finish(x, false)
	}
}

// declares reports whether this process says that the node can have forgotten nothing.
func (l *lane) declares() bool { return l.p.fresh && !l.vouched }

// policy is what the boot script is told.
func (l *lane) policy(s survey) *BootArgs {
	cfg := &l.p.w.cfg
	q := time.Duration(float64(l.p.longest)*cfg.stretch()) + 10*time.Millisecond
	remembers := !s.flushed && s.uptime > q+time.Second
	return &BootArgs{Run: s.run, Replication: s.history, Former: s.former, Longest: l.p.longest.Milliseconds(),
		Members: strconv.Itoa(l.p.members) + ":", Stretch: cfg.stretch(),
		Fresh: l.declares() || remembers, Durable: cfg.Durable}
}

func (l *lane) booted(x *exchange, reply response) {
	l.observe(x, reply.clock)
	l.refusal = none
	switch {
	case l.evicts && l.p.w.cfg.Mutant != AnyPolicy:
		l.refusal = mayEvict
	case reply.code < 0:
		l.refusal = otherMembers
	}
	if l.refusal != none {
		l.review = l.p.mono() + reviewed
	} else {
		l.vouched = true
	}
	l.meta, l.looked = reply.meta, l.opened
	l.p.w.report.Boots++
}

// observe takes the node's clock from a reply, and notes when it has made a step (A2).
func (l *lane) observe(x *exchange, shown int64) {
	if l.clock.observe(shown, x.sent, l.p.now()) != 0 && !l.p.w.cfg.Blind {
		l.steady = l.p.mono() + l.p.w.cfg.quarantine()
		l.p.w.report.Steps++
	}
}

// read settles the calls of a batch by what the node replied.
func (l *lane) read(x *exchange, r *request, reply response) {
	tellsTime := len(r.commands) == 1 && r.commands[0].Op == OpGrant
	if len(r.commands) > 1 {
		for i := range r.commands { // releases alone are gathered, and tell no time
			tellsTime = tellsTime || r.commands[i].Op != OpRelease
		}
	}
	if tellsTime {
		l.observe(x, reply.clock)
	}
	asked := 0
	for i := range x.calls {
		c := &x.calls[i]
		if c.settled {
			continue
		}
		result := reply.results[asked]
		asked++
		c.settled = true
		switch {
		case c.Op != OpGrant:
			c.reply = answer{yes: result.Code == 1}
		case result.Code == CodeLate && l.p.mono() < l.steady:
			c.reply = answer{err: clockStepped, untouched: true}
		case result.Code == CodeLate:
			c.reply = answer{err: tooLate, untouched: true}
		case result.Code == CodeForgotten && c.tries >= maxTries:
			c.reply = answer{err: connectionLost, away: true}
			l.meta, l.looked = "", 0
		case result.Code == CodeForgotten:
			l.meta, l.looked = "", 0
			c.settled = false
			c.tries++
			l.p.w.report.refused(forgotten)
		case result.Code == CodeQuarantine:
			c.reply = answer{err: quarantined, untouched: true}
		case result.Code == CodeUndone:
			c.reply = answer{err: undone, untouched: true}
		case result.Code == 1 && l.p.mono() < l.steady:
			c.reply = answer{err: clockStepped}
		case result.Code == 1:
			c.reply = answer{yes: true, fence: c.Fence}
			if result.Value != 0 {
				c.reply.fence = uint64(result.Value)
			}
		}
	}
}
