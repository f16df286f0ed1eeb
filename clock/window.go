package clock

import "time"

// Window is the time in which a lease may be trusted: it opens at Start and stays open for Length.
// The zero Window is never open.
type Window struct {
	Start  Instant
	Length time.Duration
}

// NewWindow returns the window that a round started at start wins when the nodes keep its grants for ttl: start + ttl
// less the drift. (Redlock, step 3: "the client computes how much time elapsed in order to acquire the lock, by
// subtracting from the current time the timestamp obtained in step 1": here the subtraction is [Window.Left]'s.)
func NewWindow(start Instant, ttl time.Duration, drift Drift) Window {
	return Window{Start: start, Length: ttl - drift.Of(ttl)}
}

// Left returns for how long the window is still open at now; 0 when it is closed.
func (w Window) Left(now Instant) time.Duration {
	return max(0, w.Length-max(0, now.Sub(w.Start)))
}

// Open reports whether the window is open at now.
func (w Window) Open(now Instant) bool {
	return w.Left(now) > 0
}

// End returns the instant at which the window closes, for setting a timer. Whether it has closed is asked with
// [Window.Left], which also counts time spent in suspend.
func (w Window) End() Instant {
	return w.Start.Add(w.Length)
}
