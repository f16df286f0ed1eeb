package sim

import (
	"slices"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/protocol"
)

// What internal/node's files lane.go and exchange.go use.
const (
	firstPause = 50 * time.Millisecond
	lastPause  = 500 * time.Millisecond
	late       = 5 * time.Millisecond // grace
)

// command is a command of a lease on its way.
type command struct {
	Command
	s       *lease
	round   uint32
	op      protocol.Op // 0: of the lane itself
	expires int64       // of the mutant ClientExpiry
}

// lane is the twin of internal/node's lane and guard: one process's ordered queue to one node, what it knows of that
// node's memory and clock, and the releases that it owes it.
type lane struct {
	p     *process
	index int
	conn  *conn
	clock nodeClock

	waiting []command
	owed    []command
	down    bool
	pause   time.Duration
	probing bool // a probe is planned
	x       *exchange

	opened, looked uint64
	meta           string
	refusal        refusal // why the node may not vote before somebody mends something
	review         time.Duration
	vouched        bool
	steady         time.Duration
	seen           survey        // what the last look showed
	at             clock.Instant // when that was asked for
	stray          time.Duration // until when a grant may come that was sent before the last trouble
}

// exchange is a batch under way, or the first look at a node.
type exchange struct {
	calls   []call
	first   bool // the first look, which asks for nothing
	owed    bool // releases that come late
	doubted bool // its votes count only after another look
	kind    requestKind
	number  int // of the newest request
	began   time.Duration
	sent    clock.Instant
	looking looking
	trouble bool // the node gave no service to a part of it
	done    func(trouble bool)
}

// call is a command of a batch, and its reply once it is settled.
type call struct {
	command
	settled bool
	reply   answer
	meta    string // what the node's meta key was expected to say
	tries   int
}

// answer is what internal/node's Reply tells.
type answer struct {
	yes       bool
	fence     uint64
	err       refusal
	away      bool
	untouched bool
}

// send takes a command, or says that it does not.
func (l *lane) send(c command) bool {
	if l.down {
		l.owe(c)
		return false
	}
	l.waiting = append(l.waiting, c)
	if len(l.waiting) == 1 && l.x == nil {
		// After whoever sends is through: what he sends together is one batch.
		l.p.w.push(l.p.w.now, func() { l.p.deliver(l.next) })
	}
	return true
}

func (l *lane) owe(c command) {
	if c.Op == OpRelease && c.s != nil {
		c.round = 0
		l.owed = append(l.owed, c)
	}
}

// firstLook looks at a node that was declared to be new, before anything is asked of it: the declaration is about now.
func (l *lane) firstLook() {
	l.begin(&exchange{first: true, done: func(bool) {
		l.vouched = true
		l.next()
	}})
}

// next begins the next batch.
func (l *lane) next() {
	if l.x != nil || l.down || len(l.waiting) == 0 {
		l.plan()
		return
	}
	part := l.waiting
	l.waiting = nil
	calls := make([]call, len(part))
	for i := range part {
		calls[i].command = part[i]
	}
	l.begin(&exchange{calls: calls, done: func(trouble bool) {
		l.account(calls)
		for i := range calls {
			l.answer(&calls[i].command, calls[i].reply)
		}
		if trouble {
			l.fail()
		}
		l.next()
	}})
}

// account keeps the releases whose outcome is open.
func (l *lane) account(calls []call) {
	for i := range calls {
		if calls[i].reply.err != none {
			l.owe(calls[i].command)
			if calls[i].reply.away {
				l.down, l.stray = true, l.p.mono()+l.grace()
			}
		}
	}
}

// fail answers what waits behind a batch that took the lane down.
func (l *lane) fail() {
	waiting := l.waiting
	l.waiting = nil
	for i := range waiting {
		l.owe(waiting[i])
	}
	for i := range waiting {
		l.answer(&waiting[i], answer{err: unreachable, untouched: true})
	}
}

func (l *lane) answer(c *command, a answer) {
	if a.err != none {
		l.p.w.report.refused(a.err)
	}
	if c.s != nil && a.err == quarantined {
		c.s.facts.early = true
	}
	if c.s != nil && c.round != 0 {
		c.s.answer(l.index, c.round, c.op, a)
	}
}

// plan sees to it that a node that is down, or that is owed something, is looked at again.
func (l *lane) plan() {
	if l.probing {
		return
	}
	if !l.down && len(l.owed) == 0 {
		l.pause = 0
		return
	}
	l.pause = min(max(firstPause, 2*l.pause), lastPause)
	l.probing = true
	l.p.after(l.pause*4/5+time.Duration(l.p.r.Int64N(int64(l.pause*2/5))), l.recover)
}

// recover probes the node, gives it the releases that it is owed, and takes the lane up again.
func (l *lane) recover() {
	l.probing = false
	if l.x != nil { // something is under way, which will tell
		l.plan()
		return
	}
	probe := []call{{command: command{Command: Command{Op: OpRelease, Key: "quorumlock:probe", Owner: "probe"}}}}
	l.begin(&exchange{calls: probe, done: func(trouble bool) {
		if trouble {
			l.down = true
			l.fail()
			l.next()
			return
		}
		l.repay()
	}})
}

// repay carries out the releases that are owed.
func (l *lane) repay() {
	if len(l.owed) == 0 {
		l.down, l.pause = l.p.w.cfg.Mutant == StaysDown, 0
		l.next()
		return
	}
	calls := make([]call, len(l.owed))
	for i := range l.owed {
		calls[i].command = l.owed[i]
	}
	l.owed = nil
	l.begin(&exchange{calls: calls, owed: true, done: func(trouble bool) {
		l.account(calls)
		switch {
		case trouble:
			l.fail()
			l.next()
		case slices.ContainsFunc(calls, func(c call) bool { return c.reply.err != none }):
			l.down = l.p.w.cfg.Mutant == StaysDown // what failed is tried again after the next pause
			l.next()
		default:
			l.p.w.report.Repaid += len(calls)
			l.repay()
		}
	}})
}
