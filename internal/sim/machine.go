package sim

import (
	"time"

	"github.com/quorumlock/quorumlock/clock"
)

// dial is the clocks of one machine as a function of real time: a monotonic and a wall reading that run at one rate.
// In suspend the monotonic one stands still.
type dial struct {
	since      time.Duration // real time from which on the rest holds
	mono, wall time.Duration // at since
	rate       float64
	suspended  bool
}

func (d *dial) at(real time.Duration) clock.Instant {
	gone := time.Duration(float64(real-d.since) * d.rate)
	if d.suspended {
		return clock.At(d.mono, d.wall+gone)
	}
	return clock.At(d.mono+gone, d.wall+gone)
}

// turn brings the readings up to real, so that a rate, a reading or suspend may change there.
func (d *dial) turn(real time.Duration) {
	now := d.at(real)
	d.mono, d.wall, d.since = now.Mono(), now.Mono()+now.Lead(), real
}

// step sets the wall clock forward or back.
func (d *dial) step(real, by time.Duration) {
	d.turn(real)
	d.wall += by
}

// suspend stops the monotonic clock, or lets it go on.
func (d *dial) suspend(real time.Duration, on bool) {
	d.turn(real)
	d.suspended = on
}

// real returns when, if nothing changes, the monotonic clock will show mono; at least since.
func (d *dial) real(mono time.Duration) time.Duration {
	return d.since + time.Duration(float64(mono-d.mono)/d.rate)
}
