package declare

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/quorumlock/quorumlock/internal/node"
)

// look finds out what speaks against the node's being new.
func (c *candidate) look(ctx context.Context) {
	var err error
	if c.standing, err = node.Stand(ctx, c.client, c.policy, c.timeout); err != nil {
		c.State = Silent
		c.against("cannot be looked at, so that nobody knows whether it holds locks: %v", err)
		return
	}
	c.checked("reachable")
	c.server()
	c.memory()
	if c.seen, err = scan(ctx, c.client, c.timeout); err != nil {
		c.against("its keys cannot be looked at, so that nobody knows whether it holds locks: %v", err)
		return
	}
	c.locks()
}

// server judges what the server is.
func (c *candidate) server() {
	switch {
	case !c.standing.Told:
		c.note("INFO is refused: role, eviction and restarts cannot be seen")
	case c.standing.Unfit != nil:
		c.against("%v", c.standing.Unfit)
	default:
		c.checked("a master that may not evict keys")
	}
}

// memory judges what the node remembers of the deployment.
func (c *candidate) memory() {
	switch why := c.standing.Strange(c.policy); {
	case c.standing.Meta == "":
		c.checked("of no deployment yet")
	case why != nil:
		c.against("%v", why)
	case c.standing.Changed:
		c.checked("of this deployment, and has restarted since")
	case c.standing.VotesIn > 0:
		c.checked("of this deployment, and would vote in %v", c.standing.VotesIn.Round(time.Millisecond))
	default:
		c.checked("of this deployment, and votes")
	}
}

// locks judges the node's keys.
func (c *candidate) locks() {
	c.Keys, c.Locks = c.seen.all, c.seen.locks
	if c.seen.locks > 0 {
		c.against("holds %d %s: %s", c.seen.locks, plural(c.seen.locks, "key that could be a lock", "keys that could be locks"), c.seen.some())
	} else {
		c.checked("no lock among %d %s", c.seen.all, plural(c.seen.all, "key", "keys"))
	}
	if c.seen.lines > 0 {
		c.note("somebody waits for %d %s, or has within a day", c.seen.lines, plural(c.seen.lines, "key", "keys"))
	}
	if c.seen.fences > 0 {
		c.note("gave locks within a day, the last one %v ago", c.since())
	}
}

// since is how long ago the node gave its last new lock, as its fence counters tell. Those know nothing of how long that
// lock has been extended since.
func (c *candidate) since() time.Duration {
	return max(0, c.standing.Now.Sub(c.seen.latest)).Round(time.Second)
}

// used has nodes that may have forgotten votes refused where one of the nodes has given locks: the deployment is in use then,
// and what was forgotten may be a lock that was extended ever since.
func used(all []*candidate) {
	giver := slices.IndexFunc(all, func(c *candidate) bool { return c.seen.fences > 0 })
	if giver < 0 {
		return
	}
	for _, c := range all {
		switch s := c.standing; {
		case c.State == Silent || s.Meta != "" && s.VotesIn == 0 && !s.Changed:
		case c.seen.fences > 0:
			c.against("gave locks within a day, one of which may be held yet, and which it may have forgotten: %s", c.wait())
		default:
			c.against("may have given locks that it has forgotten: it does not vote, and %s gave some within a day: %s", all[giver].Addr, c.wait())
		}
	}
}

// wait says when a node votes that is not declared.
func (c *candidate) wait() string {
	if c.standing.VotesIn > 0 && !c.standing.Changed {
		return fmt.Sprintf("it votes by itself in %v", c.standing.VotesIn.Round(time.Millisecond))
	}
	return fmt.Sprintf("it votes by itself %v after a client has asked it for a lock", c.policy.Quarantine().Round(time.Millisecond))
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
