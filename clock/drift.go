package clock

import (
	"fmt"
	"time"
)

// Drift is how far apart two clocks may run while a lock lives: a part of the time that goes by, and a fixed part for
// clock steps and for the granularity of a server's expiry.
//
// The zero Drift means no drift at all, which no real deployment has; [DefaultDrift] is where to start.
type Drift struct {
	Rate  float64       // per unit of time: 0.01 is one second in a hundred; at least 0 and less than 1
	Floor time.Duration // at least 0
}

// DefaultDrift is the allowance of the published Redlock algorithm's reference implementations: one percent of the
// TTL, and 2 ms for the one-millisecond precision of a Redis expiry at both ends.
var DefaultDrift = Drift{Rate: 0.01, Floor: 2 * time.Millisecond}

// Of returns the drift over ttl.
func (d Drift) Of(ttl time.Duration) time.Duration {
	return time.Duration(float64(ttl)*d.Rate) + d.Floor
}

// Check says what is wrong with d for a lock that lives for ttl, or nil.
func (d Drift) Check(ttl time.Duration) error {
	switch {
	case !(d.Rate >= 0 && d.Rate < 1): // also refuses NaN
		return fmt.Errorf("drift rate %v is not in [0, 1)", d.Rate)
	case d.Floor < 0:
		return fmt.Errorf("drift floor %v is negative", d.Floor)
	case d.Floor >= ttl: // before Of, which overflows when the floor is huge
		return fmt.Errorf("drift floor of %v leaves nothing of a TTL of %v", d.Floor, ttl)
	case d.Of(ttl) >= ttl:
		return fmt.Errorf("drift of %v leaves nothing of a TTL of %v", d.Of(ttl), ttl)
	}
	return nil
}
