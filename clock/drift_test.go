package clock_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/clock"
)

// Drift is a part of the TTL and a fixed part.
func TestDriftIsARateAndAFloor(t *testing.T) {
	for _, c := range []struct {
		drift clock.Drift
		ttl   time.Duration
		want  time.Duration
	}{
		{clock.Drift{}, 10 * sec, 0},
		{clock.DefaultDrift, 10 * sec, 102 * ms},
		{clock.DefaultDrift, 30 * sec, 302 * ms},
		{clock.DefaultDrift, 10 * ms, 2100 * time.Microsecond},
		{clock.DefaultDrift, 0, 2 * ms},
		{clock.Drift{Rate: 0.25}, 8 * ms, 2 * ms},
		{clock.Drift{Floor: 7 * ms}, time.Hour, 7 * ms},
	} {
		if got := c.drift.Of(c.ttl); got != c.want {
			t.Errorf("%+v over %v: got %v want %v", c.drift, c.ttl, got, c.want)
		}
	}
}

// Check accepts a drift that leaves anything of the TTL, refuses every other, and says what is wrong with it.
func TestCheckNamesWhatIsWrongWithADrift(t *testing.T) {
	for _, c := range []struct {
		name  string
		drift clock.Drift
		ttl   time.Duration
		want  string // a part of the error; empty for none
	}{
		{"the default", clock.DefaultDrift, 10 * sec, ""},
		{"the zero drift", clock.Drift{}, sec, ""},
		{"the largest rate", clock.Drift{Rate: math.Nextafter(1, 0)}, sec, ""},
		{"a floor that leaves 1 ns", clock.Drift{Floor: sec - 1}, sec, ""},
		{"rate and floor that leave 1 ns", clock.Drift{Rate: 0.5, Floor: 500*ms - 1}, sec, ""},

		{"a rate of one", clock.Drift{Rate: 1}, sec, "drift rate 1 is not in [0, 1)"},
		{"a rate above one", clock.Drift{Rate: 1.5}, sec, "drift rate 1.5 is not in [0, 1)"},
		{"a rate below zero", clock.Drift{Rate: -0.01}, sec, "drift rate -0.01 is not in [0, 1)"},
		{"a rate that is no number", clock.Drift{Rate: math.NaN()}, sec, "drift rate NaN is not in [0, 1)"},
		{"an infinite rate", clock.Drift{Rate: math.Inf(1)}, sec, "drift rate +Inf is not in [0, 1)"},
		{"an infinite negative rate", clock.Drift{Rate: math.Inf(-1)}, sec, "drift rate -Inf is not in [0, 1)"},
		{"a floor below zero", clock.Drift{Floor: -1}, sec, "drift floor -1ns is negative"},
		{"a floor of the whole TTL", clock.Drift{Floor: sec}, sec, "leaves nothing of a TTL of 1s"},
		{"rate and floor that eat the TTL", clock.Drift{Rate: 0.5, Floor: 500 * ms}, sec, "leaves nothing of a TTL of 1s"},
		{"the default over its own floor", clock.DefaultDrift, 2 * ms, "leaves nothing of a TTL of 2ms"},
		{"a floor so large that rate and floor overflow", clock.Drift{Rate: 0.01, Floor: math.MaxInt64}, sec, "leaves nothing of a TTL of 1s"},
		{"a TTL of zero", clock.Drift{}, 0, "leaves nothing of a TTL of 0s"},
		{"a TTL below zero", clock.DefaultDrift, -sec, "leaves nothing of a TTL of -1s"},
	} {
		err := c.drift.Check(c.ttl)
		switch {
		case c.want == "" && err != nil:
			t.Errorf("%s: got %q want no error", c.name, err)
		case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
			t.Errorf("%s: got %v want an error with %q", c.name, err, c.want)
		}
	}
}

// A drift that Check accepts makes a window that is open at its start, and never longer than the TTL.
func TestADriftThatIsAcceptedLeavesAWindow(t *testing.T) {
	for _, rate := range []float64{0, 0.01, 0.5, 0.99, math.Nextafter(1, 0)} {
		for _, floor := range []time.Duration{0, 1, 2 * ms, sec, time.Hour} {
			for _, ttl := range []time.Duration{1, ms, 10 * ms, sec, 10 * sec, 24 * time.Hour} {
				d := clock.Drift{Rate: rate, Floor: floor}
				w := clock.NewWindow(clock.Instant{}, ttl, d)
				if accepted := d.Check(ttl) == nil; accepted != w.Open(clock.Instant{}) || w.Length > ttl {
					t.Errorf("%+v over %v: got accepted %t and a window of %v", d, ttl, accepted, w.Length)
				}
			}
		}
	}
}
