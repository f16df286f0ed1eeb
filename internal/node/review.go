package node

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"
)

// This file notices when a server forgets votes under connections that stay: when it evicts keys, or becomes a replica of
// an older copy of its own and is promoted again. Its meta key may stay where it is, so that only INFO tells, and to ask
// for that with every vote would cost a server more than the vote. Therefore it goes along with votes once a second; what
// happens between two looks, and is used within that second, is not seen.

// interval is how long a look at a server serves for votes, from when it was asked for: what comes back late, or to a
// process that was stopped meanwhile, tells of then.
const interval = time.Second

// accompany adds a look at the server to the commands of the pass, behind its votes, if it is time for one.
func (n *Node) accompany(batch []*call) {
	g := &n.guard
	if !n.cfg.Fenced || !g.seen.known || now().Sub(g.at) < interval || !slices.ContainsFunc(batch, (*call).asksForVote) {
		return
	}
	n.told = redis.NewStringCmd(context.Background(), "INFO")
	n.told.SetErr(errUnanswered)
	n.commands = append(n.commands, n.told)
}

// asksForVote reports whether the call is a grant that is still to be given.
func (c *call) asksForVote() bool { return c.Op == Grant && c.step != settled }

// review takes what the server told along with its votes. When it is not what the last look showed, they are in doubt:
// the server is looked at again before they count.
func (n *Node) review() {
	if n.told == nil {
		return
	}
	g := &n.guard
	info, err := n.told.Result()
	var server redis.Error
	switch {
	case errors.As(err, &server):
		g.seen.known = false // it does not tell any more
		return
	case err != nil:
		return // nor has it answered anything else
	}
	s := readSurvey(info)
	if s.run == g.seen.run && s.history == g.seen.history && s.role == g.seen.role && s.mayEvict == g.seen.mayEvict {
		g.at = n.sent
		return
	}
	g.looked = never
}

// never is a number of connections that never were.
const never = ^uint64(0)
