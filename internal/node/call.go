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
	tries   int // of a grant by script that the node did not know what to make of (R6)

	deadline int64                  // until when a grant may be carried out, on the node's clock in µs (R4)
	meta     string                 // what the node's meta key is expected to say (R6)
	turn     string                 // what the key says while it is kept for this process
	fenced   bool                   // by scripts that know fences
	owed     bool                   // a release that comes late, perhaps before its grant
	grace    int64                  // for how many ms a grant may come after its undo; 0: it cannot, and leaves no tombstone
	ttl      int64                  // TTL in ms, as the server takes it
	asked    redis.Cmder            // the command of the step under way; several calls may share a script
	form     form                   // how its reply reads
	place    int                    // which of the script's commands is this call
	count    int                    // of calls that share asked
	set      *redis.BoolCmd         // of bySet
	hashed   [Leave + 1]redis.Cmder // of byHash, alone, by op
	sourced  [Leave + 1]redis.Cmder // of bySource, alone, by op
	left     *redis.DurationCmd     // of byLooking, beside asked
}

// put makes c a call for the command.
func (c *call) put(command Command) {
	c.Command, c.ttl, c.reply = command, command.TTL.Milliseconds(), Reply{}
	c.alone, c.owed, c.tries = false, false, 0
}

func (c *call) settle(r Reply) {
	c.step, c.reply = settled, r
}

// scripted reports whether the call goes by script in this pass.
func (c *call) scripted() bool { return c.step == byHash || c.step == bySource }

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
	c.waitFor(c.asked, itself, 0, 1)
	c.asked.SetErr(errUnanswered)
	return append(to, c.asked)
}

// byScript returns the call alone as a script.
func (c *call) byScript() redis.Cmder {
	form := c.formAlone()
	made := &c.hashed[c.Op]
	if c.step == bySource {
		made = &c.sourced[c.Op]
	}
	buries := c.Op == Release && form == byBatch // which is rare, and another script than that of other releases
	if *made == nil || c.plainly || buries {
		if buries {
			made = new(redis.Cmder)
		}
		args := form.append(nil, c.step, c)
		if form == itself {
			*made = redis.NewIntCmd(context.Background(), args...)
		} else {
			*made = redis.NewIntSliceCmd(context.Background(), args...)
		}
	}
	c.waitFor(*made, form, 0, 1)
	c.asked.SetErr(errUnanswered)
	return c.asked
}

// waitFor makes asked the command that answers the call, in its place of so many.
func (c *call) waitFor(asked redis.Cmder, form form, place, count int) {
	c.asked, c.form, c.place, c.count = asked, form, place, count
}

// formAlone is the script by which the call goes when no other goes with it.
func (c *call) formAlone() form {
	switch {
	case c.Op == Grant:
		return byGrants
	case c.Op == Release && c.grace > 0:
		return byBatch
	case c.Op == Release || !c.fenced: // what is hottest, and what mode Plain has
		return itself
	default:
		return byBatch
	}
}

// key appends the call's key.
func (c *call) key(to []any) []any {
	if c.plainly {
		return append(to, c.Key)
	}
	return append(to, &c.Key)
}

// keys appends the call's key, and its fence counter or its line if its script takes one.
func (c *call) keys(to []any) []any {
	to = c.key(to)
	var second *string
	switch c.Op {
	case Grant, Raise:
		second = &c.Counter
	case Enroll, Leave:
		second = &c.Line
	default:
		return to
	}
	if c.plainly {
		return append(to, *second)
	}
	return append(to, second)
}

// terms appends what all grants of a script share.
func (c *call) terms(to []any) []any {
	if c.plainly {
		return append(to, c.meta, c.deadline, c.ttl)
	}
	return append(to, &c.meta, &c.deadline, &c.ttl)
}

// arguments appends the other arguments of the call: its owner first.
func (c *call) arguments(to []any) []any {
	if c.plainly {
		to = append(to, c.Owner)
	} else {
		to = append(to, &c.Owner)
	}
	switch {
	case (c.Op == Grant || c.Op == Raise) && c.plainly:
		to = append(to, c.Fence)
	case c.Op == Grant || c.Op == Raise:
		to = append(to, &c.Fence)
	case c.Op == Extend && c.plainly:
		to = append(to, c.ttl)
	case c.Op == Extend:
		to = append(to, &c.ttl)
	case c.Op == Enroll && c.plainly:
		to = append(to, c.Since)
	case c.Op == Enroll:
		to = append(to, &c.Since)
	}
	return to
}

// patience appends for how long a tombstone stays.
func (c *call) patience(to []any) []any {
	if c.plainly {
		return append(to, c.grace)
	}
	return append(to, &c.grace)
}
