package node

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// errUnanswered stands in a command until its answer is read. go-redis leaves it there when the connection could not
// even be opened, and puts the reason on the pipeline alone.
var errUnanswered = &Error{text: "no answer", away: true}

// call is one command on its way through an exchange. Calls are used again: the go-redis commands of the steps that
// every lock takes are made once, and point at the fields of the call.
type call struct {
	Command
	step  step
	reply Reply

	ttl    int64                    // TTL in ms, as the server takes it
	asked  redis.Cmder              // the command of the step under way
	set    *redis.BoolCmd           // of bySet
	hashed [Release + 1]redis.Cmder // of byHash, by op
	left   *redis.DurationCmd       // of byLooking, beside asked
}

// put makes c a call for the command.
func (c *call) put(command Command) {
	c.Command, c.ttl, c.reply = command, command.TTL.Milliseconds(), Reply{}
}

func (c *call) settle(r Reply) {
	c.step, c.reply = settled, r
}

// ask appends the commands of the call's step.
func (c *call) ask(ctx context.Context, to []redis.Cmder) []redis.Cmder {
	switch c.step {
	case settled, byWatch:
		return to
	case byHash:
		if c.hashed[c.Op] == nil {
			c.hashed[c.Op] = c.script(context.Background(), "EVALSHA", hashes[c.Op])
		}
		c.asked = c.hashed[c.Op]
	case bySource:
		c.asked = c.script(ctx, "EVAL", sources[c.Op])
	case bySet:
		if c.set == nil {
			c.set = redis.NewBoolCmd(context.Background(), "SET", &c.Key, &c.Owner, "NX", "PX", &c.ttl)
		}
		c.asked = c.set
	case byLooking:
		c.left = redis.NewDurationCmd(ctx, time.Millisecond, "PTTL", c.Key)
		to = append(to, c.left)
		c.asked = redis.NewStringCmd(ctx, "GET", c.Key)
	case byDelex:
		c.asked = redis.NewIntCmd(ctx, "DELEX", c.Key, "IFEQ", c.Owner)
	case byDelifeq:
		c.asked = redis.NewIntCmd(ctx, "DELIFEQ", c.Key, c.Owner)
	case bySetIfeq:
		c.asked = redis.NewStatusCmd(ctx, "SET", c.Key, c.Owner, "IFEQ", c.Owner, "PX", c.ttl)
	}
	c.asked.SetErr(errUnanswered)
	return append(to, c.asked)
}

// script returns the call as a script, named by its hash or its source, with its keys and arguments.
func (c *call) script(ctx context.Context, command, name string) redis.Cmder {
	args := []any{command, name}
	switch c.Op {
	case Grant:
		args = append(args, 2, &c.Key, &c.Counter, &c.Owner, &c.ttl, &c.Fence)
		return redis.NewIntSliceCmd(ctx, args...)
	case Raise:
		args = append(args, 2, &c.Key, &c.Counter, &c.Owner, &c.Fence)
	case Extend:
		args = append(args, 1, &c.Key, &c.Owner, &c.ttl)
	default:
		args = append(args, 1, &c.Key, &c.Owner)
	}
	return redis.NewIntCmd(ctx, args...)
}
