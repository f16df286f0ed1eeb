package sim

import "time"

// begin puts a batch to the node: opens a connection if there is none, looks at the server before grants (R6), and
// sends. All of it together may take as long as one exchange.
//
// A client that was dialed by the library bounds each request by itself, and not all of them together.
func (l *lane) begin(x *exchange) {
	l.x = x
	x.began, x.sent = l.p.mono(), l.p.now()
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

// over reports whether the exchange has taken longer than it may, which a process that was stopped has not noticed yet.
func (l *lane) over(x *exchange) bool {
	bound := l.bound(x)
	return bound > 0 && l.p.mono()-x.began >= bound
}

// step sends the next request of the exchange.
func (l *lane) step(x *exchange) {
	if l.over(x) {
		l.broken(x, timedOut)
		return
	}
	if l.conn == nil {
		l.p.w.conns++
		l.conn = &conn{l: l, serial: l.p.w.conns}
		l.ask(x, &request{kind: connect})
		return
	}
	if x.first || x.doubted || x.grants() {
		if !l.known() {
			l.ask(x, &request{kind: info})
			return
		}
		why := l.unfit()
		if x.doubted {
			l.recheck(x, answer{err: why})
		} else if why != none {
			x.settle(answer{err: why})
		}
		if !x.open() {
			l.finish(x, false)
			return
		}
	}
	r := &request{kind: batch, meta: l.meta, grace: l.patience(x).Milliseconds(), deadline: l.deadline(),
		told:     l.accompanies(x),
		commands: make([]command, 0, len(x.calls)), script: make([]Command, 0, len(x.calls))}
	for i := range x.calls {
		c := &x.calls[i]
		if !c.settled {
			c.meta = l.meta
			r.commands = append(r.commands, c.command)
			r.script = append(r.script, c.Command)
		}
	}
	l.ask(x, r)
}

// grace is for how long a grant may come after its undo: the estimate of the node's clock may be off by a quarter, twice.
func (l *lane) grace() time.Duration {
	budget := l.p.w.cfg.Budget
	if l.p.w.cfg.Mutant == ShortGrace {
		return budget + budget/4 + late
	}
	return budget + budget/2 + late
}

// patience is for how long releases leave tombstones: a caller's client may repeat commands; others need them where a
// grant may still come, after trouble, or where its release comes late (R4). 0: they leave none.
func (l *lane) patience(x *exchange) time.Duration {
	m := l.p.w.cfg.Mutant
	if !l.p.w.cfg.Dialed || l.p.mono() < l.stray && m != StrayUnburied || x.owed {
		if x.owed && m == OwedUnburied {
			return 0
		}
		return l.grace()
	}
	return 0
}

// ask sends a request, and gives it up in time where each has a bound of its own.
func (l *lane) ask(x *exchange, r *request) {
	x.number++
	r.x, r.number = x, x.number
	x.kind, x.sent = r.kind, l.p.now()
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
	if x.kind != batch && (x.first || x.doubted || x.grants()) {
		l.meta, x.trouble = "", true
		if a := (answer{err: why, away: true}); x.doubted {
			l.recheck(x, a)
		} else {
			x.settle(a)
		}
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
	case batch:
		l.read(x, r, reply)
	default:
		l.look(x, r, reply)
		return
	}
	if x.first || x.doubted || x.open() {
		l.step(x)
	} else {
		l.finish(x, false)
	}
}

// observe takes the node's clock from a reply, and notes when it has made a step (A2).
func (l *lane) observe(x *exchange, shown int64) {
	if l.clock.observe(shown, x.sent.Mono(), l.p.now()) != 0 && !l.p.w.cfg.Blind {
		l.steady = l.p.mono() + l.p.w.cfg.quarantine()
		l.p.w.report.Steps++
	}
}
