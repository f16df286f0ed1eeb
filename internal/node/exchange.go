package node

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	n.begin(ctx, batch)
	for open := true; open; {
		open = n.turn(ctx, batch)
		if n.opened.Load() != n.guard.looked && slices.ContainsFunc(batch, n.doubtful) {
			open = n.recheck(ctx, batch) || open
		}
	}
}

// begin gives every call its first step. Grants of a node that may not vote are refused without being asked.
func (n *Node) begin(ctx context.Context, batch []*call) {
	var refusal *Error
	var deadline int64
	if n.cfg.Fenced && slices.ContainsFunc(batch, func(c *call) bool { return c.Op == Grant }) {
		refusal = n.admit(ctx)
		deadline = n.deadline()
	}
	tombstones := n.cfg.Fenced && (n.dial == nil || !n.stray.IsZero() && time.Now().Before(n.stray))
	for _, c := range batch {
		c.step, c.plainly, c.fenced, c.grace = n.firstStep(c.Op), n.dial == nil, n.cfg.Fenced, 0
		if c.Op == Grant {
			c.meta, c.deadline = n.guard.meta, deadline
		}
		if tombstones || c.owed && n.cfg.Fenced {
			c.grace = n.grace.Milliseconds()
		}
		if c.Op == Grant && refusal != nil {
			c.settle(Reply{Err: refusal, Untouched: true})
		}
	}
}

// deadline is until when grants that are sent now may be carried out, on the node's clock in µs.
func (n *Node) deadline() int64 {
	at := now()
	return n.clock.estimate(at) + (n.cfg.Timeout + grace + n.clock.slack(at)).Microseconds()
}

// doubtful reports whether the call is a vote that may be one of a server that has forgotten others.
func (n *Node) doubtful(c *call) bool {
	return n.cfg.Fenced && c.Op == Grant && (c.step != settled || c.reply.Yes)
}

// recheck looks at the server again after connections were opened under way, or after it knew nothing of what it was
// expected to remember. A vote counts if the server is still the one that was looked at before: then it was so all the
// time. Grants that were not carried out are asked for again. It reports whether there are any.
func (n *Node) recheck(ctx context.Context, batch []*call) (open bool) {
	refusal := n.admit(ctx)
	deadline := n.deadline()
	for _, c := range batch {
		switch {
		case !n.doubtful(c), refusal == nil && c.step == settled && c.meta == n.guard.meta:
		case refusal != nil:
			c.settle(Reply{Err: refusal})
		case c.step == settled:
			c.settle(Reply{Err: &Error{text: "another server answered than before"}})
		case c.tries >= 3:
			c.settle(Reply{Err: &Error{text: "its server changes all the time", away: true}})
		default:
			c.tries++
			c.meta, c.deadline = n.guard.meta, deadline
			open = true
		}
	}
	return open
}

// turn takes every call that is not settled one step further, and reports whether there is one left.
func (n *Node) turn(ctx context.Context, batch []*call) (open bool) {
	failed := n.pass(ctx, batch)
	n.review()
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
		n.again(batch[i+1:], batch[i])
	}
	n.late = late
	for _, c := range batch {
		open = open || c.step != settled
	}
	return open
}

// again keeps the order of one key when a command for it takes a further step, or comes after the pipeline: the later
// ones were carried out ahead of it. Whatever they were refused, they may be granted in the right order, and what an owner
// released its grant may store once more, so that they are asked again.
func (n *Node) again(later []*call, repeated *call) {
	for _, c := range later {
		answered := c.step == settled && c.reply.Err == nil
		undone := c.Op == Release && c.Owner == repeated.Owner
		if c.Key == repeated.Key && (answered && (!c.reply.Yes || undone) || c.step == byLooking) {
			c.step = n.firstStep(c.Op)
		}
	}
}

// pass puts the step of every call that is not settled to the server, in one pipeline, and returns what that met.
func (n *Node) pass(ctx context.Context, batch []*call) error {
	n.commands, n.args, n.told = n.commands[:0], n.args[:0], nil
	first, rest := n.gather(batch)
	if len(first) > 0 {
		n.together(byReleases, first)
	}
	for len(rest) > 0 {
		run := n.run(rest)
		switch c := rest[0]; {
		case len(run) > 1 && c.Op == Grant:
			n.together(byGrants, run)
			rest = rest[len(run)-1:]
		case len(run) > 1:
			n.together(byBatch, run)
			rest = rest[len(run)-1:]
		case c.scripted():
			n.commands = append(n.commands, c.byScript())
		default:
			n.commands = c.ask(ctx, n.commands)
		}
		rest = rest[1:]
	}
	if len(n.commands) == 0 {
		return nil
	}
	n.accompany(batch)
	n.sent = now()
	// A connection that died while it was idle is found out before anything is written to it; the next is tried then.
	for {
		pipe := n.pipeline()
		_ = pipe.BatchProcess(ctx, n.commands...)
		_, err := pipe.Exec(ctx)
		if err != nil {
			n.letGo()
		}
		if !errors.Is(err, errStale) {
			return err
		}
		for _, c := range n.commands {
			c.SetErr(errUnanswered)
		}
	}
}

// pipeline returns what carries the lane's commands to the server.
func (n *Node) pipeline() redis.Pipeliner {
	if n.pipe == nil {
		n.pipe = n.via().Pipeline()
	}
	return n.pipe
}

// via returns what the lane asks the server by. A client of our own keeps one connection for that, as long as nothing goes
// wrong: to take it out of go-redis's pool and to put it back costs as much as to write a command, and what is looked at
// is then the server that votes.
func (n *Node) via() redis.Cmdable {
	client, ours := n.client.(*redis.Client)
	if !ours || n.dial == nil {
		return n.client
	}
	if n.conn == nil {
		n.conn = client.Conn()
	}
	return n.conn
}

// letGo gives the kept connection back to the pool after an error; the pool knows whether it can be used again. All
// connections are looked at from now on before they are used.
func (n *Node) letGo() {
	n.troubles.Add(1)
	if n.conn != nil {
		_ = n.conn.Close()
		n.conn, n.pipe = nil, nil
	}
}

// alive repeats what was asked by a connection that turned out to have died while it was idle: nothing was written to it,
// and it is out of the pool.
func alive[T any](ask func() (T, error)) (T, error) {
	for {
		v, err := ask()
		if !errors.Is(err, errStale) {
			return v, err
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
	case *redis.IntSliceCmd:
		switch c.form {
		case byGrants:
			n.readGrant(c, asked.Val())
		case byBatch:
			n.readBatch(c, asked.Val())
		case byReleases:
			if reply := asked.Val(); len(reply) == 1 && reply[0] == 1 { // about all of them
				c.settle(Reply{Yes: true})
			} else {
				c.settleBy(reply, c.place)
			}
		}
	case *redis.IntCmd:
		c.settle(Reply{Yes: asked.Val() == 1})
	}
}

// settleBy takes the number at a place of a script's reply as the answer: 1 for yes, less than 0 for an error.
func (c *call) settleBy(reply []int64, place int) {
	switch {
	case len(reply) <= place, reply[place] < 0 && c.alone:
		c.settle(unexpected(reply))
	case reply[place] < 0:
		c.alone = true // once more, to be told the error
	default:
		c.settle(Reply{Yes: reply[place] == 1})
	}
}

func unexpected(reply []int64) Reply {
	return Reply{Err: &Error{text: fmt.Sprintf("unexpected reply to a script: %d numbers", len(reply)), away: true}}
}

// readBatch reads the reply of batch.lua.
func (n *Node) readBatch(c *call, reply []int64) {
	n.observe(c, reply)
	c.settleBy(reply, 1+c.place)
}

// observe takes the node's clock from the beginning of a script's reply, once for all calls that share it.
func (n *Node) observe(c *call, reply []int64) {
	if c.place > 0 || len(reply) == 0 {
		return
	}
	if step := n.clock.observe(reply[0], n.sent); step != 0 {
		n.stepped(step)
	}
}

// readGrant reads the reply of grants.lua.
func (n *Node) readGrant(c *call, reply []int64) {
	n.observe(c, reply)
	at := 1 + 2*c.place
	switch {
	case len(reply) == 2 && reply[1] == 0:
		c.settle(n.granted(c, 0))
		return
	case len(reply) == 2:
		n.readRefusal(c, reply[0], reply[1])
		return
	case len(reply) < at+2, reply[at] == -1 && c.alone:
		c.settle(unexpected(reply))
		return
	}
	switch code, value := reply[at], reply[at+1]; code {
	case -1:
		c.alone = true // once more, to be told the error
	case -5:
		c.settle(Reply{Err: &Error{text: "undone before it came"}})
	case 1:
		c.settle(n.granted(c, value))
	default:
		c.settle(Reply{Left: time.Duration(max(0, value)) * time.Millisecond})
	}
}

// readRefusal reads why a node gives none of the grants that share a script. None of them is untouched: something in between
// may have sent the same before, and lost what was answered to that.
func (n *Node) readRefusal(c *call, shown, code int64) {
	switch {
	case code == -2 && n.steadied() != nil:
		c.settle(Reply{Err: n.steadied()})
	case code == -2:
		late := time.Duration(shown-c.deadline) * time.Microsecond
		c.settle(Reply{Err: &Error{text: fmt.Sprintf("carried out %v too late to count", late)}})
	case code == -3:
		n.guard.meta, n.guard.looked = "", never
	case code == -4:
		c.settle(Reply{Err: quarantined(c.meta)})
	default:
		c.settle(unexpected([]int64{shown, code}))
	}
}

// granted is the reply to a grant that the node gave, with the fence that it proposed, or 0 for the client's proposal.
func (n *Node) granted(c *call, fence int64) Reply {
	if why := n.steadied(); why != nil {
		return Reply{Err: why}
	}
	if fence == 0 {
		return Reply{Yes: true, Fence: c.Fence}
	}
	return Reply{Yes: true, Fence: uint64(fence)}
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
