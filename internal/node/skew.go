package node

import (
	"context"
	"slices"
	"time"

	"github.com/quorumlock/quorumlock/clock"
)

// This file compares the clocks of the nodes with each other (A6). Exclusion does not hang on them; the order of fences
// does when nodes lose their memory: a counter that is lost begins at its node's clock. Therefore a node whose clock is
// far off is reported, and votes all the same.

// wall returns how far the server's clock is ahead of this machine's wall clock, give or take half a round trip.
func (n *Node) wall(ctx context.Context) (ahead time.Duration, told bool) {
	sent := time.Now()
	shown, err := n.client.Time(ctx).Result()
	if err != nil {
		return 0, false
	}
	return shown.Sub(sent.Add(time.Since(sent) / 2)), true
}

// Median returns the middle of the clocks, each as how far it is ahead of ours; between two middle ones the middle of
// them. 0 of none.
func Median(ahead []time.Duration) time.Duration {
	if len(ahead) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(ahead))
	low, high := sorted[(len(sorted)-1)/2], sorted[len(sorted)/2]
	return low + (high-low)/2
}

// reading is a node's clock, as far ahead of our wall clock as its last look showed.
type reading struct {
	addr  string
	ahead time.Duration
	at    clock.Instant
	off   time.Duration // its skew, when that was reported, and has not gone since; else 0
}

// read notes what a node's clock showed in the reply that has just come, and returns the nodes that are further than
// most off the median of all, as far as that has not been reported yet. Nothing is said before a majority of the nodes
// has told its clock.
//
// What was read before the machine was suspended, or its clock set, is of no use, nor what is so old that drift alone
// could have made a quarter of most out of it.
func (r *Roster) read(index int, addr string, shown, most time.Duration, drift clock.Drift) (off []reading) {
	if r == nil || r.Nodes == 0 {
		return nil
	}
	now := now()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.clocks == nil {
		r.clocks = make(map[int]reading)
	}
	r.clocks[index] = reading{addr: addr, ahead: shown - now.Mono() - now.Lead(), at: now, off: r.clocks[index].off}
	var good []int
	var ahead []time.Duration
	for i, c := range r.clocks {
		if (c.at.Lead()-now.Lead()).Abs() < time.Second && drift.Of(now.Sub(c.at))-drift.Floor < most/4 {
			good, ahead = append(good, i), append(ahead, c.ahead)
		}
	}
	if 2*len(good) <= r.Nodes {
		return nil
	}
	median := Median(ahead)
	for _, i := range good {
		c := r.clocks[i]
		known := c.off != 0
		if c.off = c.ahead - median; c.off.Abs() <= most {
			c.off = 0
		}
		r.clocks[i] = c
		if c.off != 0 && !known {
			off = append(off, c)
		}
	}
	return off
}

// compare reports, once for each, the servers whose clocks are further off the others' than the quarantine lasts, now
// that this one's has been read.
func (n *Node) compare(shown int64) {
	quarantine := n.cfg.Policy.Quarantine()
	for _, c := range n.cfg.Roster.read(n.index, n.addr, time.Duration(shown)*time.Microsecond, quarantine, n.cfg.Drift) {
		n.log().Warn("node's clock is far off the other nodes': after a loss of memory fences may not be in order",
			"node", c.addr, "by", c.off.Round(time.Millisecond), "quarantine", quarantine)
	}
}
