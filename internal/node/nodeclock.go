package node

import (
	"sync/atomic"
	"time"
)

// nodeClock estimates a server's clock from the times that its replies carry. Safe for concurrent use.
type nodeClock struct {
	ahead atomic.Int64 // µs, of the node's clock over our own; 0: not known yet
}

// began is where our own side of the comparison begins; only differences to it are used.
var began = time.Now()

// observe takes the node's clock, in µs, as a reply that has just arrived gave it.
func (c *nodeClock) observe(now int64) {
	c.ahead.Store(now - time.Since(began).Microseconds())
}

// estimate returns what the node's clock shows now, in µs and late by the reply's travel time, or 0 if it never
// told.
func (c *nodeClock) estimate() int64 {
	ahead := c.ahead.Load()
	if ahead == 0 {
		return 0
	}
	return ahead + time.Since(began).Microseconds()
}
