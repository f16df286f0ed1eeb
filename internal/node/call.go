package node

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"
)

// errUnanswered stands in a command until its answer is read. go-redis leaves it there when the connection could not
// even be opened, and puts the reason on the pipeline alone.
var errUnanswered = &Error{text: "no answer", away: true}

// call is one command on its way through an exchange. Calls are used again: what they put to the server points at
// their fields.
type call struct {
	Command
	step  step
	alone bool // by script, but not together with others: to be told its error
	// plainly: put to the server in values, and not in pointers to our fields, which save an allocation each but which
	// a hook on a client of the caller's could not read.
	plainly bool
	reply   Reply

	// deadline is until when a grant may be carried out, on the node's clock in µs; 0 when that is not known yet.
	deadline int64
	ttl      int64                    // TTL in ms, as the server takes it
	asked    redis.Cmder              // the command of the step under way; several calls may share a script
	place    int                      // which of the script's commands is this call
	together bool                     // asked is shared with others
	set      *redis.BoolCmd           // of bySet
	hashed   [Release + 1]redis.Cmder // of byHash, alone, by op
	sourced  [Release + 1]redis.Cmder // of bySource, alone, by op
	left     *redis.DurationCmd       // of byLooking, beside asked
}

// put makes c a call for the command.
func (c *call) put(command Command) {
	c.Command, c.ttl, c.reply, c.alone = command, command.TTL.Milliseconds(), Reply{}, false
}

func (c *call) settle(r Reply) {
	c.step, c.reply = settled, r
}

// scripted reports whether the call goes by script in this pass.
func (c *call) scripted() bool { return c.step == byHash || c.step == bySource }

// sharesWith reports whether both calls may go by one script.
func (c *call) sharesWith(other *call) bool {
	return c.scripted() && other.step == c.step && !c.alone && !other.alone
}

// ask appends the commands of the call's step, if that is not a script.
func (c *call) ask(ctx context.Context, to []redis.Cmder) []redis.Cmder {
	switch c.step {
	case bySet:
		switch {
		case c.plainly:
			c.set = redis.NewBoolCmd(ctx, "SET", c.Key, c.Owner, "NX", "PX", c.ttl)
		case c.set == nil:
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
	default:
		return to
	}
	c.together = false
	c.asked.SetErr(errUnanswered)
	return append(to, c.asked)
}

// byScript returns the call alone as a script.
func (c *call) byScript() redis.Cmder {
	if c.plainly {
		c.hashed, c.sourced = [Release + 1]redis.Cmder{}, [Release + 1]redis.Cmder{}
	}
	made := &c.hashed[c.Op]
	if c.step == bySource {
		made = &c.sourced[c.Op]
	}
	if *made == nil {
		if c.step == bySource {
			*made = c.script("EVAL", lone[c.Op].source)
		} else {
			*made = c.script("EVALSHA", lone[c.Op].hash)
		}
	}
	c.asked, c.place, c.together = *made, 0, false
	c.asked.SetErr(errUnanswered)
	return c.asked
}

func (c *call) script(command, name string) redis.Cmder {
	args := c.arguments(c.keys([]any{command, name, c.keyCount()}))
	if c.Op == Grant {
		return redis.NewIntSliceCmd(context.Background(), args...)
	}
	return redis.NewIntCmd(context.Background(), args...)
}

func (c *call) keyCount() int {
	if c.Op == Grant || c.Op == Raise {
		return 2
	}
	return 1
}

// keys appends the keys that the call's script takes.
func (c *call) keys(to []any) []any {
	switch {
	case c.keyCount() == 2 && c.plainly:
		return append(to, c.Key, c.Counter)
	case c.keyCount() == 2:
		return append(to, &c.Key, &c.Counter)
	case c.plainly:
		return append(to, c.Key)
	default:
		return append(to, &c.Key)
	}
}

// arguments appends the other arguments, of which every op has five.
func (c *call) arguments(to []any) []any {
	if c.plainly {
		return append(to, int(c.Op), c.Owner, c.ttl, c.Fence, c.deadline)
	}
	return append(to, int(c.Op), &c.Owner, &c.ttl, &c.Fence, &c.deadline)
}

// together returns one script call for all of the calls, which take the same step. Its arguments are appended to memory,
// which is returned longer: go-redis keeps the slice until the pipeline is answered, so that no two calls may share it.
func together(calls []*call, memory []any) (redis.Cmder, []any) {
	begin := len(memory)
	args := memory
	if calls[0].step == byHash {
		args = append(args, "EVALSHA", shared.hash, nil)
	} else {
		args = append(args, "EVAL", shared.source, nil)
	}
	count := 0
	for _, c := range calls {
		args = c.keys(args)
		count += c.keyCount()
	}
	args[begin+2] = count
	for _, c := range calls {
		args = c.arguments(args)
	}
	cmd := redis.NewIntSliceCmd(context.Background(), args[begin:len(args):len(args)]...)
	cmd.SetErr(errUnanswered)
	for i, c := range calls {
		c.asked, c.place, c.together = cmd, i, true
	}
	return cmd, args
}
