package sim

import (
	"time"

	"github.com/quorumlock/quorumlock/clock"
)

// nodeClock is the twin of internal/node's: it estimates a server's clock, and notices when that steps (A2).
type nodeClock struct {
	drift     clock.Drift
	ahead     int64 // µs
	low, high time.Duration
	at        clock.Instant
	known     bool
}

func (c *nodeClock) observe(node int64, sent time.Duration, received clock.Instant) (step time.Duration) {
	shown := time.Duration(node) * time.Microsecond
	low, high := shown-received.Mono(), shown-sent
	if c.known && (received.Lead()-c.at.Lead()).Abs() < time.Millisecond {
		tolerance := c.drift.Of(received.Sub(c.at))
		switch {
		case low-c.high > tolerance:
			step = low - c.high
		case c.low-high > tolerance:
			step = high - c.low
		}
	}
	c.low, c.high, c.at, c.known = low, high, received, true
	c.ahead = low.Microseconds()
	return step
}

// old reports whether the estimate may be off by more than that, or nobody can tell by how much.
func (c *nodeClock) old(now clock.Instant, by time.Duration) bool {
	return c.known && (c.slack(now) > by || (now.Lead()-c.at.Lead()).Abs() >= time.Millisecond)
}

// slack is how far the node's clock may have drifted away from the estimate.
func (c *nodeClock) slack(now clock.Instant) time.Duration {
	return c.drift.Of(now.Sub(c.at)) - c.drift.Floor
}

func (c *nodeClock) estimate(now clock.Instant) int64 {
	if c.ahead == 0 {
		return 0
	}
	return c.ahead + now.Mono().Microseconds()
}
