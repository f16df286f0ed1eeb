package clock_test

import (
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/clock"
)

const (
	ms  = time.Millisecond
	sec = time.Second
)

// Of the two clocks, the one that says that more time went by is believed: each of them can miss time, and missing it
// is what breaks exclusion.
func TestSubTakesTheLargerOfBothAxes(t *testing.T) {
	start := clock.At(10*sec, 1000*sec)
	for _, c := range []struct {
		name string
		now  clock.Instant
		want time.Duration
	}{
		{"nothing happened", clock.At(10*sec, 1000*sec), 0},
		{"both went on", clock.At(13*sec, 1003*sec), 3 * sec},
		{"the machine was suspended: the monotonic clock stood still", clock.At(10*sec, 1600*sec), 600 * sec},
		{"suspended for a part of the time", clock.At(12*sec, 1600*sec), 600 * sec},
		{"the wall clock was set back by an hour", clock.At(13*sec, 1003*sec-time.Hour), 3 * sec},
		{"the wall clock was set forward by an hour", clock.At(13*sec, 1003*sec+time.Hour), 3*sec + time.Hour},
		{"the wall clock was slewed by a hair", clock.At(13*sec, 1003*sec+1), 3*sec + 1},
		{"the wall clock was slewed back by a hair", clock.At(13*sec, 1003*sec-1), 3 * sec},
		{"an earlier reading", clock.At(8*sec, 998*sec), -2 * sec},
	} {
		if got := c.now.Sub(start); got != c.want {
			t.Errorf("%s: got %v want %v", c.name, got, c.want)
		}
	}
}

// Add moves both axes, so that Sub finds what was added, on whatever lead the two have.
func TestAddIsUndoneBySub(t *testing.T) {
	for _, start := range []clock.Instant{{}, clock.At(5*sec, 0), clock.At(0, -7*sec), clock.At(1, 1<<60)} {
		for _, d := range []time.Duration{-sec, -1, 0, 1, ms, time.Hour} {
			later := start.Add(d)
			if got := later.Sub(start); got != d {
				t.Errorf("%v.Add(%v) less itself: got %v want %v", start, d, got, d)
			}
			if got, want := later.Mono(), start.Mono()+d; got != want {
				t.Errorf("%v.Add(%v).Mono(): got %v want %v", start, d, got, want)
			}
			if got, want := later.Lead(), start.Lead(); got != want {
				t.Errorf("%v.Add(%v).Lead(): got %v want %v", start, d, got, want)
			}
		}
	}
}

// Lead stands still while time goes by, and moves by just what a suspend or a clock that was set has put between the
// axes: that is how a jump is noticed.
func TestLeadMovesOnlyWhenTimeJumps(t *testing.T) {
	start := clock.At(10*sec, 1000*sec)
	for _, c := range []struct {
		name string
		now  clock.Instant
		want time.Duration
	}{
		{"time went by", clock.At(70*sec, 1060*sec), 0},
		{"ten minutes of suspend", clock.At(70*sec, 1660*sec), 600 * sec},
		{"set back", clock.At(70*sec, 1055*sec), -5 * sec},
	} {
		if got := c.now.Lead() - start.Lead(); got != c.want {
			t.Errorf("%s: got %v want %v", c.name, got, c.want)
		}
	}
}

// Mono is the reading that was put in, and the zero Instant is the origin of both axes.
func TestAnInstantIsItsTwoReadings(t *testing.T) {
	if got, want := clock.At(3*sec, 9*sec).Mono(), 3*sec; got != want {
		t.Errorf("Mono: got %v want %v", got, want)
	}
	if got, want := clock.At(3*sec, 9*sec).Lead(), 6*sec; got != want {
		t.Errorf("Lead: got %v want %v", got, want)
	}
	if got, want := (clock.Instant{}), clock.At(0, 0); got != want {
		t.Errorf("the zero Instant: got %v want %v", got, want)
	}
}
