package node

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	maxWaiting = 8192 // commands that may wait for one node
	maxOwed    = 4096 // releases that a node may owe while it is down
	maxBatch   = 256  // commands in one pipeline

	firstPause = 50 * time.Millisecond // between probes of a node that is down; doubled each time
	lastPause  = 500 * time.Millisecond
)

// lane is a node's ordered command queue. One goroutine carries everything to the node: what has gathered while one
// batch was under way is the next batch, so that a lone command goes out at once and many share a round trip.
//
// A lane is up or down. While it is down, commands are refused at once, and the node is probed at a bounded rate
// until a script succeeds. A release that the node did not answer, or could not be given, is owed: it is carried out
// before the lane is up again, because the key may be there.
type lane struct {
	node *Node
	wake chan struct{} // capacity 1: something has changed
	open chan struct{} // closed when the goroutine begins to carry commands
	over chan struct{} // closed when the goroutine has ended
	debt int           // releases that were never carried out; written before over is closed

	mu      sync.Mutex
	waiting []Command // guarded by mu
	owed    []Command // guarded by mu
	down    *Error    // guarded by mu; nil: up
	since   time.Time // guarded by mu; when it went down
	closed  bool      // guarded by mu

	falls atomic.Uint64 // how often it went down

	calls []*call       // of the batch under way, to be used again; the goroutine's own
	pause time.Duration // before the next probe; the goroutine's own
}

func newLane(n *Node) *lane {
	l := &lane{node: n, wake: make(chan struct{}, 1), open: make(chan struct{}), over: make(chan struct{})}
	go l.run()
	return l
}

// send takes the command, or says why not; it never waits. A release that cannot be sent now is owed nevertheless.
func (l *lane) send(c Command) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.closed:
		return errClosed
	case l.down != nil:
		l.owe(c)
		return l.down
	case len(l.waiting) >= maxWaiting:
		l.owe(c)
		return errFull
	}
	l.waiting = append(l.waiting, c)
	if len(l.waiting) == 1 {
		l.stir()
	}
	return nil
}

// close lets the goroutine finish what it was given, and waits for that until ctx ends.
func (l *lane) close(ctx context.Context) error {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.stir()
	select {
	case <-l.over:
		if l.debt > 0 {
			return &Error{text: fmt.Sprintf("did not hear of %d releases, which expire by themselves", l.debt)}
		}
		return nil
	case <-ctx.Done():
		return &Error{text: "still busy; what it was not told expires by itself", cause: os.ErrDeadlineExceeded}
	}
}

// state returns why the lane is down and since when; nil when it is up.
func (l *lane) state() (*Error, time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.down, l.since
}

func (l *lane) stir() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// owe keeps a release for later. The first ones are kept when there are too many: they are from before the node went
// down, so that their keys may be there. Callers hold mu.
func (l *lane) owe(c Command) {
	if c.Op != Release || len(l.owed) >= maxOwed {
		return
	}
	c.To = nil
	l.owed = append(l.owed, c)
}

func (l *lane) run() {
	defer close(l.over)
	retry := time.NewTimer(time.Hour) // set again before it is waited for
	defer retry.Stop()
	if l.node.cfg.Fenced && l.node.cfg.Policy.Fresh {
		l.node.firstLook()
	}
	close(l.open)
	var due time.Time // of the next probe; zero: none is planned
	var batch []Command
	for {
		l.mu.Lock()
		batch, l.waiting = l.waiting, batch[:0]
		indebted, closed := l.down != nil || len(l.owed) > 0, l.closed
		l.mu.Unlock()
		switch {
		case !indebted:
			l.pause, due = 0, time.Time{}
		case due.IsZero():
			due = time.Now().Add(l.nextPause())
		case !closed && !time.Now().Before(due): // also while there is traffic
			l.recover()
			due = time.Now().Add(l.nextPause())
		}
		switch {
		case len(batch) > 0:
			l.carry(batch)
			clear(batch)
		case closed:
			l.settle(indebted)
			return
		case due.IsZero():
			<-l.wake
		default:
			retry.Reset(time.Until(due))
			select {
			case <-l.wake:
			case <-retry.C:
			}
		}
	}
}

// settle tries for the last time what the node owes, and keeps how much of it is left.
func (l *lane) settle(indebted bool) {
	if indebted {
		l.recover()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.debt = len(l.owed)
}

// nextPause returns how long to wait before the next probe: longer each time, and never the same for two processes.
func (l *lane) nextPause() time.Duration {
	l.pause = min(max(firstPause, 2*l.pause), lastPause)
	return l.pause*4/5 + rand.N(l.pause*2/5)
}

// carry puts the batch to the node and answers every command of it.
func (l *lane) carry(batch []Command) {
	for len(batch) > 0 {
		part := batch[:min(len(batch), maxBatch)]
		batch = batch[len(part):]
		calls := l.prepare(part)
		l.node.exchange(calls)
		trouble := l.account(calls)
		for i := range calls {
			l.answer(&calls[i].Command, calls[i].reply)
		}
		if trouble != nil {
			l.fail(batch, trouble)
			return
		}
	}
}

// prepare returns calls for the commands, in memory that is used again.
func (l *lane) prepare(commands []Command) []*call {
	for len(l.calls) < len(commands) {
		l.calls = append(l.calls, new(call))
	}
	for i, c := range commands {
		l.calls[i].put(c)
	}
	return l.calls[:len(commands)]
}

// account keeps the releases whose outcome is open, and takes the lane down if the node gave no service. It returns
// why, in that case.
func (l *lane) account(calls []*call) (trouble *Error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for i := range calls {
		why, failed := errors.AsType[*Error](calls[i].reply.Err)
		if !failed {
			continue
		}
		if !why.Permanent {
			l.owe(calls[i].Command)
		}
		if why.away {
			trouble = why
		}
	}
	if trouble != nil {
		l.node.stray = time.Now().Add(l.node.grace)
	}
	if trouble != nil && l.down == nil {
		l.down, l.since = trouble, time.Now()
		l.falls.Add(1)
		l.node.log().Warn("node is down", "node", l.node.addr, "error", trouble.Error())
	}
	return trouble
}

// fail answers commands that were never sent, and those that wait behind them, after the lane went down.
func (l *lane) fail(unsent []Command, why *Error) {
	l.mu.Lock()
	waiting := l.waiting
	l.waiting = nil
	for _, commands := range [2][]Command{unsent, waiting} {
		for i := range commands {
			l.owe(commands[i])
		}
	}
	l.mu.Unlock()
	for _, commands := range [2][]Command{unsent, waiting} {
		for i := range commands {
			l.answer(&commands[i], Reply{Err: why, Untouched: true})
		}
	}
}

func (l *lane) answer(c *Command, r Reply) {
	if c.To != nil {
		c.To.Answer(l.node.index, c.Round, r)
	}
}

// recover probes a node that is down, gives it the releases that it owes, and takes the lane up again.
func (l *lane) recover() {
	if why := l.node.probe(); why != nil {
		l.mu.Lock()
		defer l.mu.Unlock()
		if l.down != nil {
			l.down = why // what is the matter now, and not what took it down
		}
		return
	}
	for {
		l.mu.Lock()
		part := append([]Command(nil), l.owed[:min(len(l.owed), maxBatch)]...)
		l.owed = append(l.owed[:0], l.owed[len(part):]...)
		if len(part) == 0 {
			l.up()
			l.mu.Unlock()
			return
		}
		l.mu.Unlock()
		calls := l.prepare(part)
		for _, c := range calls {
			c.owed = true
		}
		l.node.exchange(calls)
		// What failed is owed again, and tried again after the next pause. It is no reason to do without the node,
		// unless that is away again.
		if l.account(calls) != nil {
			return
		}
		if slices.ContainsFunc(calls, func(c *call) bool { return c.reply.Err != nil }) {
			l.mu.Lock()
			l.up()
			l.mu.Unlock()
			return
		}
	}
}

// up takes the lane up again. Callers hold mu.
func (l *lane) up() {
	if l.down == nil {
		return
	}
	l.node.log().Info("node is back", "node", l.node.addr, "down", time.Since(l.since).Round(time.Millisecond))
	l.down, l.pause = nil, 0
	if cap(l.owed) > maxBatch {
		l.owed = nil
	}
}
