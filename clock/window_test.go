package clock_test

import (
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/clock"
)

// Redlock, step 3: "The client computes how much time elapsed in order to acquire the lock, by subtracting from the
// current time the timestamp obtained in step 1." The window is counted from the start of the round, and it is
// shorter than the TTL by the drift.
func TestAWindowIsStartPlusTTLLessDrift(t *testing.T) {
	start := clock.At(5*sec, 500*sec)
	for _, c := range []struct {
		name  string
		ttl   time.Duration
		drift clock.Drift
		want  time.Duration
	}{
		{"the default drift of ten seconds", 10 * sec, clock.DefaultDrift, 9898 * ms},
		{"no drift", 10 * sec, clock.Drift{}, 10 * sec},
		{"a rate alone", 10 * sec, clock.Drift{Rate: 0.5}, 5 * sec},
		{"a floor alone", 10 * sec, clock.Drift{Floor: 3 * sec}, 7 * sec},
		{"nothing left", sec, clock.Drift{Floor: sec}, 0},
		{"less than nothing", sec, clock.Drift{Floor: 2 * sec}, -sec},
	} {
		w := clock.NewWindow(start, c.ttl, c.drift)
		if w.Start != start || w.Length != c.want {
			t.Errorf("%s: got %v from %v want %v from %v", c.name, w.Length, w.Start, c.want, start)
		}
		if got, want := w.End(), start.Add(c.want); got != want {
			t.Errorf("%s: ends: got %v want %v", c.name, got, want)
		}
		if got, want := w.Left(start), max(0, c.want); got != want {
			t.Errorf("%s: left at the start: got %v want %v", c.name, got, want)
		}
	}
}

// A window is open up to its last nanosecond, and closed at its end.
func TestAWindowClosesExactlyAtItsEnd(t *testing.T) {
	w := clock.NewWindow(clock.At(5*sec, 500*sec), 10*sec, clock.DefaultDrift)
	for _, c := range []struct {
		name string
		now  clock.Instant
		left time.Duration
	}{
		{"at the start", w.Start, 9898 * ms},
		{"1 ns after the start", w.Start.Add(1), 9898*ms - 1},
		{"1 ns before the end", w.End().Add(-1), 1},
		{"at the end", w.End(), 0},
		{"1 ns after the end", w.End().Add(1), 0},
		{"an hour after the end", w.End().Add(time.Hour), 0},
	} {
		if got := w.Left(c.now); got != c.left {
			t.Errorf("%s: Left: got %v want %v", c.name, got, c.left)
		}
		if got, want := w.Open(c.now), c.left > 0; got != want {
			t.Errorf("%s: Open: got %t want %t", c.name, got, want)
		}
	}
}

// A laptop that was shut while it held a lock has no lock when it is opened again, although its monotonic clock says
// that no time went by; a wall clock that is set back gives nobody more time.
func TestAWindowCountsSuspendAndIgnoresAClockSetBack(t *testing.T) {
	w := clock.NewWindow(clock.At(5*sec, 500*sec), 10*sec, clock.Drift{})
	for _, c := range []struct {
		name string
		now  clock.Instant
		left time.Duration
	}{
		{"1 s awake, 8 s suspended", clock.At(6*sec, 509*sec), sec},
		{"suspended until 1 ns before the end", clock.At(5*sec, 510*sec-1), 1},
		{"suspended until the end", clock.At(5*sec, 510*sec), 0},
		{"suspended for an hour", clock.At(5*sec, 4100*sec), 0},
		{"9 s, and the wall clock was set back", clock.At(14*sec, 400*sec), sec},
		{"10 s, and the wall clock was set back", clock.At(15*sec, 400*sec), 0},
		{"2 s, and the wall clock was set forward by 7 s", clock.At(7*sec, 509*sec), sec},
	} {
		if got := w.Left(c.now); got != c.left {
			t.Errorf("%s: got %v want %v", c.name, got, c.left)
		}
	}
}

// The zero window is not open at the origin, nor at any time after it.
func TestTheZeroWindowIsNeverOpen(t *testing.T) {
	var w clock.Window
	for _, now := range []clock.Instant{{}, clock.At(1, 1), clock.At(0, 5*sec), clock.System.Now()} {
		if got := w.Open(now); got {
			t.Errorf("the zero window at %v: got open want closed", now)
		}
	}
}
