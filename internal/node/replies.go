package node

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// This file reads what a server replied to the step of a call, and chooses the next step where one is needed.

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
			c.settle(Reply{Err: n.refused(err, c.Key)})
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
	at := 1 + c.place
	switch {
	case c.Op != Enroll || at >= len(reply) || reply[at] == -1:
		c.settleBy(reply, at)
	case reply[at] < 0:
		c.settle(Reply{Err: errUnheard})
	default:
		left := reply[at] / 2
		c.settle(Reply{Yes: left == 0, Left: time.Duration(left) * time.Millisecond, Alone: reply[at]%2 == 1})
	}
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
		c.settle(Reply{Left: time.Duration(max(0, value)) * time.Millisecond, Holder: c.holder(reply)})
	}
}

// holder reads who has the key of a refused grant from behind the grants' own numbers; nothing when that is not told.
func (c *call) holder(reply []int64) string {
	const named, words = 2, 6
	at := 1 + 2*c.count
	for place := range c.place {
		if reply[1+2*place] == named {
			at += words
		}
	}
	if reply[1+2*c.place] != named || len(reply) < at+words {
		return ""
	}
	var name []byte
	for _, word := range reply[at : at+words] {
		var bytes [8]byte
		binary.BigEndian.PutUint64(bytes[:], uint64(word))
		name = append(name, bytes[2:]...)
	}
	return string(name)
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
	case c.count > 1 && saysOtherThanAway(err):
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
