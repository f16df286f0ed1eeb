package node

import (
	"sync/atomic"
	"time"

	"github.com/quorumlock/quorumlock/clock"
)

// nodeClock estimates a server's clock from the times that its replies carry, and notices when it steps (A2). estimate
// is safe for concurrent use; observe is the lane's goroutine's alone.
type nodeClock struct {
	drift clock.Drift
	ahead atomic.Int64 // µs, of the node's clock over our own; 0: not known yet

	// How far ahead the node was at the last reply: between these two, because it read its clock after the command was
	// sent and before the reply was there.
	low, high time.Duration
	at        clock.Instant // of that reply
	known     bool
}

// now returns our own time.
func now() clock.Instant { return clock.System.Now() }

// observe takes the node's clock, in µs, from the reply to a command that was sent at sent and has just been answered.
// It returns by how much the node's clock has stepped since the last reply; 0 when what it shows can be explained by the
// time that both took, and by drift.
//
// When our own two clocks disagree since the last reply, the machine was suspended, or its clock set: nothing can be said
// about the node's then.
func (c *nodeClock) observe(node int64, sent clock.Instant) (step time.Duration) {
	received := now()
	shown := time.Duration(node) * time.Microsecond
	low, high := shown-received.Mono(), shown-sent.Mono()
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
	c.ahead.Store(low.Microseconds())
	return step
}

// old reports whether so much time has gone by since the last reply that the estimate may be off by more than that, or
// that nobody can tell by how much, because the machine was suspended.
func (c *nodeClock) old(by time.Duration) bool {
	if !c.known {
		return false
	}
	now := now()
	return c.slack(now) > by || (now.Lead()-c.at.Lead()).Abs() >= time.Millisecond
}

// slack is how far the node's clock may have drifted away from the estimate since the last reply.
func (c *nodeClock) slack(now clock.Instant) time.Duration {
	return c.drift.Of(now.Sub(c.at)) - c.drift.Floor
}

// estimate returns what the node's clock shows at now, in µs and late by the reply's travel time, or 0 if it never
// told.
func (c *nodeClock) estimate(now clock.Instant) int64 {
	ahead := c.ahead.Load()
	if ahead == 0 {
		return 0
	}
	return ahead + now.Mono().Microseconds()
}
