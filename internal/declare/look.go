package declare

import (
	"context"
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
	if c.seen.fences == 0 {
		return
	}
	ago := c.standing.Now.Sub(c.seen.latest)
	votes := c.standing.Meta != "" && c.standing.VotesIn == 0 && !c.standing.Changed
	if !votes && ago < c.policy.Quarantine() {
		c.against("gave a lock %v ago, which it may have forgotten: wait %v", max(0, ago).Round(time.Millisecond),
			(c.policy.Quarantine() - ago).Round(time.Millisecond))
		return
	}
	c.note("gave locks within a day, the last one %v ago", max(0, ago).Round(time.Second))
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
