package runner

import "time"

// Move is what to do with the command now.
type Move uint8

const (
	Stay   Move = iota // nothing
	Alert              // say that the lease is lost
	Ask                // signal the command to end
	Finish             // SIGKILL
)

// never is when nothing is to be done any more.
const never = time.Duration(1<<63 - 1)

// Course decides what is done about a command whose lease may not be kept. It is a pure state machine: it reads no clock.
// What it has begun it ends, also when the lease is extended after all: the command has been told to end, and would be
// left half done. It is not safe for concurrent use.
type Course struct {
	plan   Plan
	onLost OnLost

	asked    bool
	finishAt time.Duration // when asked: SIGKILL at the latest
	over     bool          // nothing more will be done
}

// NewCourse returns the course of a command that is about to start.
func NewCourse(plan Plan, onLost OnLost) Course {
	return Course{plan: plan, onLost: onLost}
}

// Begun reports whether the command was signalled, or killed, because of its lease.
func (c *Course) Begun() bool { return c.asked }

// Step says what to do at now, on an axis of the caller's choice, when left of the lease can still be trusted; 0 means
// that it is lost. It also says when it wants to be asked again, at the latest, if the lease is not extended meanwhile.
func (c *Course) Step(now, left time.Duration) (Move, time.Duration) {
	switch {
	case c.over:
		return Stay, never
	case c.onLost == Warn:
		return c.warn(now, left)
	case !c.asked:
		return c.watch(now, left)
	default:
		return c.press(now, left)
	}
}

func (c *Course) warn(now, left time.Duration) (Move, time.Duration) {
	if left > 0 {
		return Stay, now + left
	}
	c.over = true
	return Alert, never
}

// watch is about a command that nobody has signalled yet.
func (c *Course) watch(now, left time.Duration) (Move, time.Duration) {
	if left > c.plan.Reserve() {
		return Stay, now + left - c.plan.Reserve()
	}
	c.asked = true
	if c.onLost == Signal {
		c.over = true
		return Ask, never
	}
	c.finishAt = now + left - c.plan.Margin
	if c.finishAt <= now { // no time to ask
		c.over = true
		return Finish, never
	}
	return Ask, c.finishAt
}

// press is about a command that was asked to end.
func (c *Course) press(now, left time.Duration) (Move, time.Duration) {
	// Time may have jumped: then less is left than there was when it was asked.
	if at := min(c.finishAt, now+left-c.plan.Margin); at > now {
		return Stay, at
	}
	c.over = true
	return Finish, never
}
