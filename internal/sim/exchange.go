package sim

import (
	"strconv"
	"time"
)

// begin puts a batch to the node: opens a connection if there is none, looks at the server before grants (R6), and
// sends. All of it together may take as long as one exchange.
func (l *lane) begin(x *exchange) {
	l.x = x
	x.sent = l.p.mono()
	l.p.after(l.p.w.cfg.Budget, func() {
		if l.x == x {
			l.broken(x, timedOut)
		}
	})
	l.step(x)
}

// step sends the next request of the exchange.
func (l *lane) step(x *exchange) {
	if l.conn == nil {
		l.conn = &conn{l: l}
		l.ask(x, &request{kind: connect})
		return
	}
	if x.grants() {
		known := l.meta != "" && l.looked == l.opened
		if !known || l.refusal && l.p.mono() >= l.review {
			l.ask(x, &request{kind: info})
			return
		}
		if why := l.unfit(); why != none {
			x.settle(answer{err: why, untouched: true})
			if !x.open() {
				l.finish(x, false)
				return
			}
		}
	}
	r := &request{kind: batch, meta: l.meta, grace: (l.p.w.cfg.Budget + late).Milliseconds(),
		deadline: l.clock.estimate(l.p.now()) + (l.p.w.cfg.Budget + late).Microseconds()}
	for i := range x.calls {
		c := &x.calls[i]
		if !c.settled {
			r.commands = append(r.commands, c.command)
			r.script = append(r.script, c.Command)
		}
	}
	l.ask(x, r)
}

func (l *lane) ask(x *exchange, r *request) {
	x.number++
	r.x, r.number = x, x.number
	l.p.w.forth(l.conn, r)
	x.sent = l.p.mono()
}

// unfit returns why the node may not be asked for grants.
func (l *lane) unfit() refusal {
	switch {
	case l.refusal:
		return otherMembers
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

// settle answers every grant that is open.
func (x *exchange) settle(a answer) {
	for i := range x.calls {
		if c := &x.calls[i]; c.Op == OpGrant && !c.settled {
			c.settled, c.reply = true, a
		}
	}
}

// broken ends the exchange without answers: whatever was asked may have been carried out.
func (l *lane) broken(x *exchange, why refusal) {
	l.conn = nil
	for i := range x.calls {
		if c := &x.calls[i]; !c.settled {
			c.settled, c.reply = true, answer{err: why, away: true}
		}
	}
	l.finish(x, true)
}

func (l *lane) finish(x *exchange, trouble bool) {
	l.x = nil
	x.done(trouble)
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
		l.ask(x, &request{kind: boot, boot: l.policy(reply.survey)})
		return
	case boot:
		l.booted(x, reply)
	case batch:
		l.read(x, r, reply)
	}
	if x.open() {
		l.step(x)
	} else {
		l.finish(x, false)
	}
}

// policy is what the boot script is told.
func (l *lane) policy(s survey) BootArgs {
	cfg := &l.p.w.cfg
	q := time.Duration(float64(l.p.longest)*cfg.stretch()) + 10*time.Millisecond
	remembers := !s.flushed && s.uptime > q+time.Second
	return BootArgs{Run: s.run, Replication: s.history, Former: s.former, Longest: l.p.longest.Milliseconds(),
		Members: strconv.Itoa(l.p.members) + ":", Stretch: cfg.stretch(),
		Fresh: l.p.fresh && !l.vouched || remembers, Durable: cfg.Durable}
}

func (l *lane) booted(x *exchange, reply response) {
	l.observe(x, reply.clock)
	l.refusal = reply.code < 0
	if l.refusal {
		l.review = l.p.mono() + reviewed
	} else {
		l.vouched = true
	}
	l.meta, l.looked = reply.meta, l.opened
	l.p.w.report.Boots++
}

// observe takes the node's clock from a reply, and notes when it has made a step (A2).
func (l *lane) observe(x *exchange, shown int64) {
	if l.clock.observe(shown, x.sent, l.p.now()) != 0 {
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
