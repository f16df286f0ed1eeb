package node

import (
	"context"
	"hash/maphash"

	"github.com/redis/go-redis/v9"
)

// This file puts several calls of a batch into one call of a script, which costs the server half of what as many calls
// cost it.
//
// The releases among them are gathered and go first, all but those of a key that an earlier command of the batch
// concerns, which keep their place. Of the rest those next to each other share a script, with fences; without, grants
// are SETs.

// sharesWith reports whether both calls may go by one script.
func (c *call) sharesWith(other *call) bool {
	return c.scripted() && other.step == c.step && !c.alone && !other.alone
}

// run returns the calls at the beginning of the batch that share one script; fewer than two when they do not.
func (n *Node) run(batch []*call) []*call {
	end := 0
	for n.cfg.Fenced && !n.scattered && end < len(batch) && batch[0].sharesWith(batch[end]) {
		end++
	}
	return batch[:end]
}

// gather parts the batch into the releases that go first, by one script, and the rest. There are none or at least two
// of them. It keeps the order of every key, by a look at a few bits of its hash: a key that only seems to have come before
// is merely not gathered.
func (n *Node) gather(batch []*call) (first, rest []*call) {
	if n.scattered {
		return nil, batch
	}
	first, rest = n.first[:0], n.rest[:0]
	var seen [64]uint64
	for _, c := range batch {
		if c.step == settled {
			continue
		}
		h := maphash.String(n.seed, c.Key)
		word, bit := &seen[h>>6%64], uint64(1)<<(h%64)
		came := *word&bit != 0
		*word |= bit
		if c.Op == Release && !came && c.sharesWith(c) && (len(first) == 0 || c.sharesWith(first[0])) {
			first = append(first, c)
		} else {
			rest = append(rest, c)
		}
	}
	n.first, n.rest = first, rest
	if len(first) < 2 {
		return nil, batch
	}
	return first, rest
}

// gathered appends the releases as one call of a script to those of the pass.
func (n *Node) gathered(calls []*call) {
	made := releases
	if n.cfg.Fenced {
		made = withdrawals
	}
	begin := n.name(made, calls[0].step)
	for _, c := range calls {
		n.args = c.key(n.args)
	}
	if n.cfg.Fenced {
		n.args = append(n.args, goneKey)
	}
	n.args[begin+2] = len(n.args) - begin - 3
	for _, c := range calls {
		n.args = c.arguments(n.args)
	}
	if n.cfg.Fenced {
		n.args = append(n.args, n.grace)
	}
	n.put(begin, calls, true)
}

// together appends the calls, in their order, as one call of a script to those of the pass.
func (n *Node) together(calls []*call) {
	begin := n.name(batched, calls[0].step)
	n.args = append(n.args, metaKey, goneKey)
	for _, c := range calls {
		n.args = c.keys(n.args)
	}
	n.args[begin+2] = len(n.args) - begin - 3
	n.args = append(n.args, n.guard.meta, calls[0].deadline, n.grace)
	for _, c := range calls {
		n.args = c.arguments(append(n.args, int(c.Op)))
	}
	n.put(begin, calls, false)
}

// name begins a call of the script, in memory that every pass uses again: go-redis keeps the slice until the pipeline is
// answered, so that no two scripts may share it. It returns where the call begins; its third argument is the number of
// keys, still to be filled in.
func (n *Node) name(s script, by step) (begin int) {
	begin = len(n.args)
	if by == byHash {
		n.args = append(n.args, "EVALSHA", s.hash, nil)
	} else {
		n.args = append(n.args, "EVAL", s.source, nil)
	}
	return begin
}

// put ends the call that begins there, and makes it the one that the calls wait for.
func (n *Node) put(begin int, calls []*call, gathered bool) {
	cmd := redis.NewIntSliceCmd(context.Background(), n.args[begin:len(n.args):len(n.args)]...)
	cmd.SetErr(errUnanswered)
	for i, c := range calls {
		c.asked, c.place, c.together, c.gathered = cmd, i, true, gathered
	}
	n.commands = append(n.commands, cmd)
}
