package node

import (
	"context"
	"errors"
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

// call is one command on its way through an exchange.
type call struct {
	*Command
	step  step
	reply Reply
	asked [2]*redis.Cmd
}

// exchange puts the batch to the server and fills in every call's reply. Each pass is one pipeline, in the order of
// the batch. The next batch must not begin before this one is through: that is what keeps a key's commands in order.
func (n *Node) exchange(batch []call) {
	ctx, cancel := context.WithTimeout(n.life, n.cfg.Timeout)
	defer cancel()
	for i := range batch {
		batch[i].step = n.firstStep(batch[i].Op)
	}
	for open := true; open; {
		pipe := n.client.Pipeline()
		for i := range batch {
			n.ask(ctx, pipe, &batch[i])
		}
		var failed error
		if pipe.Len() > 0 {
			_, failed = pipe.Exec(ctx)
		}
		open = false
		for i := range batch {
			c := &batch[i]
			if c.step == byWatch {
				n.watch(ctx, c)
			} else if c.step != settled {
				n.read(c, failed)
			}
			open = open || c.step != settled
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

// ask appends the call's step to the pipeline.
func (n *Node) ask(ctx context.Context, pipe redis.Pipeliner, c *call) {
	switch c.step {
	case byHash:
		c.asked[0] = pipe.Do(ctx, append([]any{"EVALSHA", hashes[c.Op]}, scriptArgs(c.Command)...)...)
	case bySource:
		c.asked[0] = pipe.Do(ctx, append([]any{"EVAL", sources[c.Op]}, scriptArgs(c.Command)...)...)
	case bySet:
		c.asked[0] = pipe.Do(ctx, "SET", c.Key, c.Owner, "NX", "PX", millis(c.TTL))
	case byLooking:
		c.asked[0] = pipe.Do(ctx, "GET", c.Key)
		c.asked[1] = pipe.Do(ctx, "PTTL", c.Key)
	case byDelex:
		c.asked[0] = pipe.Do(ctx, "DELEX", c.Key, "IFEQ", c.Owner)
	case byDelifeq:
		c.asked[0] = pipe.Do(ctx, "DELIFEQ", c.Key, c.Owner)
	case bySetIfeq:
		c.asked[0] = pipe.Do(ctx, "SET", c.Key, c.Owner, "IFEQ", c.Owner, "PX", millis(c.TTL))
	}
}

// read takes the server's answer to the call's step, and settles the call or chooses its next step. failed is what the
// pipeline as a whole met: go-redis does not put it on every command when a connection could not be opened.
func (n *Node) read(c *call, failed error) {
	got, err := c.asked[0].Result()
	if err == nil && got == nil && failed != nil {
		err = failed
	}
	if errors.Is(err, redis.Nil) {
		got, err = nil, nil
	}
	if err != nil && n.another(c, err) {
		return
	}
	if err != nil {
		c.settle(Reply{Err: explain(err, n.cfg.Timeout)})
		return
	}
	switch c.step {
	case bySet:
		n.readSet(c, got)
	case byLooking:
		c.readHolder(got)
	case bySetIfeq:
		n.learn(c)
		c.settle(Reply{Yes: got != nil})
	default:
		n.learn(c)
		c.settle(n.decode(c.Op, got))
	}
}

// another chooses a further step after an error, if there is one to take.
func (n *Node) another(c *call, err error) bool {
	switch {
	case c.step == byHash && redis.HasErrorPrefix(err, "NOSCRIPT"):
		c.step = bySource
	case !refusesCommand(err):
		return false
	case c.step == byHash || c.step == bySource:
		switch c.Op {
		case Release:
			c.step = byDelex
		case Extend:
			c.step = bySetIfeq
		default:
			return false // a fence needs a script
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
	if step == bySource {
		step = byHash
	}
	switch c.Op {
	case Release:
		n.release = step
	case Extend:
		n.extend = step
	}
}

// readSet takes the answer to SET NX. Nothing stored is not yet a refusal: when a reply was lost and the command sent
// again, by go-redis or by something in between, it is our own owner that stands there (R3).
func (n *Node) readSet(c *call, got any) {
	if got != nil {
		c.settle(Reply{Yes: true})
		return
	}
	c.step = byLooking
}

func (c *call) readHolder(got any) {
	left, err := c.asked[1].Int64()
	if err != nil || left < 0 {
		left = 0
	}
	c.settle(Reply{Yes: got == any(c.Owner), Left: time.Duration(left) * time.Millisecond})
}

func (c *call) settle(r Reply) {
	c.step, c.reply = settled, r
}

// decode reads the reply of a script, DELEX or DELIFEQ.
func (n *Node) decode(op Op, got any) Reply {
	if op != Grant {
		done, ok := got.(int64)
		if !ok {
			return Reply{Err: garbled(op, got)}
		}
		return Reply{Yes: done == 1}
	}
	parts, ok := got.([]any)
	if !ok || len(parts) != 3 {
		return Reply{Err: garbled(op, got)}
	}
	yes, ok0 := parts[0].(int64)
	value, ok1 := parts[1].(int64)
	now, ok2 := parts[2].(int64)
	if !ok0 || !ok1 || !ok2 {
		return Reply{Err: garbled(op, parts)}
	}
	n.clock.observe(now)
	if yes == 1 {
		return Reply{Yes: true, Fence: uint64(value)}
	}
	return Reply{Left: time.Duration(max(0, value)) * time.Millisecond}
}
