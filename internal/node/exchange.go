package node

import (
	"context"
	"errors"
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
			c.meta, c.deadline, c.turn = n.guard.meta, deadline, n.ours
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
		err := n.put(ctx)
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

// put carries the commands of a pass to the server, and returns with their answers. One alone, as a lone lock has it, goes
// without a pipeline where the connection is kept, which saves three allocations. By a client of the caller's everything goes
// by pipelines, so that there is one kind of call for its hooks to see.
func (n *Node) put(ctx context.Context) error {
	if conn, kept := n.via().(*redis.Conn); kept && len(n.commands) == 1 {
		return conn.Process(ctx, n.commands[0])
	}
	pipe := n.pipeline()
	_ = pipe.BatchProcess(ctx, n.commands...)
	_, err := pipe.Exec(ctx)
	return err
}

// pipeline returns what carries several commands.
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
