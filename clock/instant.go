package clock

import "time"

// Instant is one reading of a [Clock]. It keeps two readings side by side, a monotonic and a wall one, because
// neither alone can say how much time went by: the monotonic clock stands still while the machine is suspended,
// and the wall clock can be set back. The zero Instant is a valid reading at the origin of both axes.
//
// An Instant is a value: comparing two of them with == compares both readings.
type Instant struct {
	mono, wall time.Duration
}

// At returns the Instant whose monotonic reading is mono and whose wall reading is wall, each counted from an origin
// of the caller's choice. It is how simulators and tests make time.
func At(mono, wall time.Duration) Instant {
	return Instant{mono: mono, wall: wall}
}

// Sub returns how much time went by from earlier to i: the larger of what the two readings say, because a holder that
// believes too much time went by stops too early, and one that believes too little stops too late.
func (i Instant) Sub(earlier Instant) time.Duration {
	return max(i.mono-earlier.mono, i.wall-earlier.wall)
}

// Add returns the Instant d later than i on both axes.
func (i Instant) Add(d time.Duration) Instant {
	return Instant{mono: i.mono + d, wall: i.wall + d}
}

// Mono returns the monotonic reading alone, for ordering timers. It says nothing about time spent in suspend.
func (i Instant) Mono() time.Duration { return i.mono }

// Lead returns how far the wall reading is ahead of the monotonic one. Between two Instants of one process it changes
// only when the machine was suspended or its wall clock was set.
func (i Instant) Lead() time.Duration { return i.wall - i.mono }
