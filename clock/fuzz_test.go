package clock_test

import (
	"math/big"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/clock"
)

// Whatever TTL, drift and times there are: a window of what Check accepts is open at its start, never longer than the
// TTL, never has less than nothing left, and has less left the later it is; none of the sums overflows.
func FuzzWindow(f *testing.F) {
	f.Add(int64(10*sec), 0.01, int64(2*ms), int64(0), int64(0), int64(sec), int64(sec), int64(3*sec), int64(3*sec))
	f.Add(int64(sec), 0.5, int64(0), int64(5*sec), int64(-sec), int64(0), int64(time.Hour), int64(-1), int64(1))
	f.Add(int64(sec), 0.5, int64(500*ms), int64(0), int64(0), int64(0), int64(0), int64(0), int64(0)) // leaves nothing
	f.Add(int64(100*365*24*time.Hour), 0.9999999, int64(1), int64(1)<<60, int64(1)<<60, int64(-1)<<60, int64(5), int64(1), int64(1)<<61)
	f.Fuzz(func(t *testing.T, ttl int64, rate float64, floor, mono, wall, mono1, wall1, more, moreWall int64) {
		d := clock.Drift{Rate: rate, Floor: time.Duration(floor)}
		if ttl > int64(100*365*24*time.Hour) || d.Check(time.Duration(ttl)) != nil {
			return // a hundred years is the longest that package redlock accepts
		}
		start := clock.At(bounded(mono), bounded(wall))
		w := clock.NewWindow(start, time.Duration(ttl), d)
		if w.Length <= 0 || w.Length > time.Duration(ttl) || w.Left(start) != w.Length {
			t.Errorf("%+v over %v: got a window of %v with %v left at its start", d, time.Duration(ttl), w.Length, w.Left(start))
		}
		now := clock.At(bounded(mono1), bounded(wall1))
		later := clock.At(bounded(mono1)+bounded(more).Abs(), bounded(wall1)+bounded(moreWall).Abs())
		for _, at := range []clock.Instant{now, later} {
			if got, want := w.Left(at), left(w, at); got != want {
				t.Errorf("%+v at %v: got %v left want %v", w, at, got, want)
			}
			if w.Open(at) != (w.Left(at) > 0) {
				t.Errorf("%+v at %v: open %v with %v left", w, at, w.Open(at), w.Left(at))
			}
		}
		if w.Left(later) > w.Left(now) {
			t.Errorf("%+v: got %v left at %v and %v at %v", w, w.Left(now), now, w.Left(later), later)
		}
		if end := w.End(); w.Open(end) || !w.Open(end.Add(-1)) {
			t.Errorf("%+v: open %v at its end %v, and %v before it", w, w.Open(end), end, w.Open(end.Add(-1)))
		}
	})
}

// bounded returns a time within 60 years of the origin, so that the sums of a test do not overflow where those of the
// code would not.
func bounded(t int64) time.Duration { return time.Duration(t % int64(60*365*24*time.Hour)) }

// left is what is left of w at now, counted in numbers that cannot overflow: the dumb model.
func left(w clock.Window, now clock.Instant) time.Duration {
	wall := func(i clock.Instant) *big.Int {
		return new(big.Int).Add(big.NewInt(int64(i.Mono())), big.NewInt(int64(i.Lead())))
	}
	gone := new(big.Int).Sub(big.NewInt(int64(now.Mono())), big.NewInt(int64(w.Start.Mono())))
	if other := new(big.Int).Sub(wall(now), wall(w.Start)); other.Cmp(gone) > 0 {
		gone = other
	}
	if gone.Sign() < 0 {
		gone.SetInt64(0)
	}
	rest := gone.Sub(big.NewInt(int64(w.Length)), gone)
	if rest.Sign() < 0 {
		return 0
	}
	return time.Duration(rest.Int64())
}
