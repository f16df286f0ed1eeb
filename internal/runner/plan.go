package runner

import (
	"fmt"
	"time"
)

// OnLost is what happens to the command when its lease cannot be kept. The zero value is Kill.
type OnLost uint8

const (
	Kill   OnLost = iota // a signal, then SIGKILL, both before the window closes
	Signal               // the signal and nothing else
	Warn                 // a message and nothing else
)

// OnLostNames are the names of Kill, Signal and Warn, by their numbers.
var OnLostNames = [...]string{Kill: "kill", Signal: "signal", Warn: "warn"}

func (o OnLost) String() string { return OnLostNames[o] }

// ShortestTTL is the shortest TTL that leaves time to kill a process in.
const ShortestTTL = 200 * time.Millisecond

// Plan is how a lease's window is divided, backwards from its end: SIGKILL comes Margin before nothing of the lease is
// left, and the signal that asks the command to end comes Grace before that.
type Plan struct {
	Grace  time.Duration
	Margin time.Duration
}

// NewPlan returns the plan for leases of a TTL. grace is for how long the command may take to end by itself; 0 means a
// quarter of the TTL.
//
// It is at most a third of the TTL. A lease is extended at a third of its TTL, and again soon after if that fails: with a
// longer grace a single slow answer would end the command.
func NewPlan(ttl, grace time.Duration) (Plan, error) {
	if grace == 0 {
		grace = ttl / 4
	}
	switch {
	case ttl < ShortestTTL:
		return Plan{}, fmt.Errorf("a TTL of %v: want at least %v, to have time to kill a process in", ttl, ShortestTTL)
	case grace < 0 || grace > ttl/3:
		return Plan{}, fmt.Errorf("%v between the signal and SIGKILL: want at most a third of the TTL of %v, so that the lease can be extended before that; use a longer TTL", grace, ttl)
	}
	return Plan{Grace: grace, Margin: min(ttl/10, 500*time.Millisecond)}, nil
}

// Reserve is what the end of the command takes of the window. With less than that left it is not started.
func (p Plan) Reserve() time.Duration { return p.Grace + p.Margin }

// Backstop is how long before nothing of the lease is left the watchdog strikes, if nobody has told it of a new window: half
// a Margin after the command should have been killed.
func (p Plan) Backstop() time.Duration { return p.Margin / 2 }
