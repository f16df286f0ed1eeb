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
// concerns, which keep their place. Of the rest those next to each other share a script, with fences: grants of one TTL
// theirs, and everything else another; without fences, grants are SETs.

// sharesWith reports whether both calls may go by one script.
func (c *call) sharesWith(other *call) bool {
	return c.scripted() && other.step == c.step && !c.alone && !other.alone &&
		(c.Op == Grant) == (other.Op == Grant) && (c.Op != Grant || c.ttl == other.ttl)
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

// together appends the calls, in their order, as one call of a script to those of the pass. They are put together in memory
// that every pass uses again: go-redis keeps the slice until the pipeline is answered, so that no two scripts may share it.
func (n *Node) together(f form, calls []*call) {
	begin := len(n.args)
	n.args = f.append(n.args, calls[0].step, calls...)
	cmd := redis.NewIntSliceCmd(context.Background(), n.args[begin:len(n.args):len(n.args)]...)
	cmd.SetErr(errUnanswered)
	for i, c := range calls {
		c.waitFor(cmd, f, i, len(calls))
	}
	n.commands = append(n.commands, cmd)
}
