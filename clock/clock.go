package clock

import "time"

// Clock tells the time. Implementations must be safe for concurrent use.
type Clock interface {
	Now() Instant
}

// System is the clock of this machine. Inside a testing/synctest bubble it follows the bubble's time.
//
// It reads the monotonic and the wall clock together, in one call that needs no system call, and not CLOCK_BOOTTIME:
// that one counts a suspended laptop, but stands still while a hypervisor has stopped the whole virtual machine, which
// the wall clock finds out about as soon as it is set right again. The price is that a wall clock set forward by hand
// ends leases early; one that is set back changes nothing.
var System Clock = system{}

type system struct{}

// origin is where System's monotonic axis begins.
var origin = time.Now()

func (system) Now() Instant {
	now := time.Now()
	return Instant{mono: now.Sub(origin), wall: time.Duration(now.UnixNano())}
}
