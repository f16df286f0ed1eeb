package node

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// step is how a command is put to the server. Most commands take one step; the others are what a first answer makes
// necessary: a script that the server has forgotten, a server without scripts, a refusal without a reason.
type step uint8

const (
	settled   step = iota
	byHash         // EVALSHA
	bySource       // EVAL, which the server keeps for the next EVALSHA
	bySet          // SET key owner NX PX ttl
	byLooking      // GET and PTTL, after a SET that stored nothing
	byDelex        // DELEX key IFEQ owner: Redis 8.4 and later
	byDelifeq      // DELIFEQ key owner: Valkey 9 and later
	bySetIfeq      // SET key owner IFEQ owner PX ttl: Valkey 8.1, Redis 8.4 and later
	byWatch        // WATCH, GET, MULTI: every server
)

// grace is how much later than the end of the exchange a grant may still be carried out (R4): what we know of the node's
// clock is late by the way back of its last reply.
const grace = 5 * time.Millisecond

// exchange puts the batch to the server and fills in every call's reply. Each pass is one pipeline, in the order of
// the batch. The next batch must not begin before this one is through: that is what keeps a key's commands in order.
func (n *Node) exchange(batch []*call) {
	ctx := n.life
	if n.dial == nil {
		// Our own client bounds every read and write by itself, without a timer for each batch.
		bounded, cancel := context.WithTimeout(ctx, n.cfg.Timeout)
		defer cancel()
		ctx = bounded
	}
	deadline := n.clock.estimate()
	if deadline != 0 {
		deadline += (n.cfg.Timeout + grace).Microseconds()
	}
	for _, c := range batch {
		c.step, c.deadline, c.plainly = n.firstStep(c.Op), deadline, n.dial == nil
	}
	for open := true; open; {
		open = n.turn(ctx, batch)
	}
}

// turn takes every call that is not settled one step further, and reports whether there is one left.
func (n *Node) turn(ctx context.Context, batch []*call) (open bool) {
	failed := n.pass(ctx, batch)
	late := n.late[:0]
	for i, c := range batch {
		switch c.step {
		case settled:
			continue
		case byWatch:
			n.watch(ctx, c)
			late = append(late, i)
		default:
			n.read(c, failed)
			if c.step != settled {
				late = append(late, i)
			}
		}
	}
	for _, i := range late {
		n.again(batch[i+1:], batch[i].Key)
	}
	n.late = late
	for _, c := range batch {
		open = open || c.step != settled
	}
	return open
}

// again keeps the order of one key when a command for it takes a further step, or comes after the pipeline: the later
// ones were carried out ahead of it. Whatever they were refused, they may be granted in the right order, so that they
// are asked once more.
func (n *Node) again(later []*call, key string) {
	for _, c := range later {
		refused := c.step == settled && !c.reply.Yes && c.reply.Err == nil
		if c.Key == key && (refused || c.step == byLooking) {
			c.step = n.firstStep(c.Op)
		}
	}
}

// pass puts the step of every call that is not settled to the server, in one pipeline, and returns what that met. With
// fences every command goes by script, and those next to each other share one call of it, which halves the server's
// work; without, the commands between them are its own, and a short script for each is quicker.
func (n *Node) pass(ctx context.Context, batch []*call) error {
	n.commands, n.args = n.commands[:0], n.args[:0]
	for i := 0; i < len(batch); {
		c := batch[i]
		end := i + 1
		for n.cfg.Fenced && !n.scattered && end < len(batch) && c.sharesWith(batch[end]) {
			end++
		}
		switch {
		case end > i+1:
			var cmd redis.Cmder
			cmd, n.args = together(batch[i:end], n.args)
			n.commands = append(n.commands, cmd)
		case c.scripted():
			n.commands = append(n.commands, c.byScript())
		default:
			n.commands = c.ask(ctx, n.commands)
		}
		i = end
	}
	if len(n.commands) == 0 {
		return nil
	}
	if n.pipe == nil {
		n.pipe = n.client.Pipeline()
	}
	// A connection that died while it was idle is found out before anything is written to it; the next is tried then.
	for {
		_ = n.pipe.BatchProcess(ctx, n.commands...)
		_, err := n.pipe.Exec(ctx)
		if !errors.Is(err, errStale) {
			return err
		}
	}
}

// firstStep is how op is put to this server, as far as is known by now.
func (n *Node) firstStep(op Op) step {
	switch {
	case op == Grant && !n.cfg.Fenced:
		return bySet
	case op == Release:
		return n.release
	case op == Extend:
		return n.extend
	default:
		return byHash
	}
}

// read takes the server's answer to the call's step, and settles the call or chooses its next step. failed is what the
// pipeline as a whole met: go-redis does not put it on every command when a connection could not be opened.
func (n *Node) read(c *call, failed error) {
	err := c.asked.Err()
	if errors.Is(err, errUnanswered) && failed != nil {
		err = failed
	}
	absent := errors.Is(err, redis.Nil)
	if err != nil && !absent {
		if !n.another(c, err) {
			c.settle(Reply{Err: explain(err, n.cfg.Timeout)})
		}
		return
	}
	n.learn(c)
	switch asked := c.asked.(type) {
	case *redis.BoolCmd: // bySet
		if asked.Val() {
			c.settle(Reply{Yes: true})
			return
		}
		// Nothing stored is not yet a refusal: when a reply was lost and the command sent again, by go-redis or by
		// something in between, it is our own owner that stands there (R3).
		c.step = byLooking
	case *redis.StringCmd: // byLooking
		c.settle(Reply{Yes: !absent && asked.Val() == c.Owner, Left: max(0, c.left.Val())})
	case *redis.StatusCmd: // bySetIfeq
		c.settle(Reply{Yes: !absent})
	case *redis.IntSliceCmd: // a grant by script, or several commands together
		n.readScript(c, asked.Val())
	case *redis.IntCmd:
		c.settle(Reply{Yes: asked.Val() == 1})
	}
}

// readScript reads the reply of batch.lua, which a grant alone has too.
func (n *Node) readScript(c *call, reply []int64) {
	at := 1 + 2*c.place
	if len(reply) < at+2 {
		c.settle(Reply{Err: &Error{text: fmt.Sprintf("unexpected reply to a script: %d numbers", len(reply)), away: true}})
		return
	}
	now, code, value := reply[0], reply[at], reply[at+1]
	if now != 0 && c.place == 0 {
		n.clock.observe(now)
	}
	switch {
	case code == -2:
		late := time.Duration(value) * time.Microsecond
		c.settle(Reply{Err: &Error{text: fmt.Sprintf("carried out %v too late to count", late)}})
	case code < 0:
		c.alone = true // once more, to be told the error
	case c.Op != Grant:
		c.settle(Reply{Yes: code == 1})
	case code == 1:
		c.settle(Reply{Yes: true, Fence: uint64(value)})
	default:
		c.settle(Reply{Left: time.Duration(max(0, value)) * time.Millisecond})
	}
}

// another chooses a further step after an error, if there is one to take.
func (n *Node) another(c *call, err error) bool {
	switch {
	case c.step == byHash && redis.HasErrorPrefix(err, "NOSCRIPT"):
		c.step = bySource
	case c.together && saysOtherThanAway(err):
		// Something in the batch is not allowed, and the server has carried out nothing of it: each for itself, then.
		c.alone = true
		n.scattered = n.scattered || redis.HasErrorPrefix(err, "CROSSSLOT")
	case !refusesCommand(err), n.cfg.Fenced:
		return false // a fence needs a script
	case c.scripted():
		switch c.Op {
		case Release:
			c.step = byDelex
		case Extend:
			c.step = bySetIfeq
		default:
			return false
		}
	case c.step == byDelex:
		c.step = byDelifeq
	case c.step == byDelifeq || c.step == bySetIfeq:
		c.step = byWatch
	default:
		return false
	}
	return true
}

// learn keeps the step that this server answered as the first one for commands like c.
func (n *Node) learn(c *call) {
	step := c.step
	if c.scripted() {
		step = byHash
	}
	switch c.Op {
	case Release:
		n.release = step
	case Extend:
		n.extend = step
	}
}
