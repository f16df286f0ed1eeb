package clock_test

import (
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/faketime"
)

// In a bubble of testing/synctest the system's clock stands still until everybody waits, and then goes exactly as far
// as the bubble's time does, on both axes.
func TestSystemFollowsTheBubble(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		start := clock.System.Now()
		if got := clock.System.Now(); got != start {
			t.Errorf("read twice: got %v want %v", got, start)
		}
		<-time.After(90 * time.Second)
		now := clock.System.Now()
		if got, want := now.Sub(start), 90*time.Second; got != want {
			t.Errorf("after a timer of 90 s: got %v want %v", got, want)
		}
		if got, want := now.Mono()-start.Mono(), 90*time.Second; got != want {
			t.Errorf("on the monotonic axis: got %v want %v", got, want)
		}
		if got, want := now.Lead(), start.Lead(); got != want {
			t.Errorf("the lead of the wall clock: got %v want %v", got, want)
		}
	})
}

// A window on the system's clock closes when the bubble's time has reached its end.
func TestAWindowOnTheSystemClockCloses(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		w := clock.NewWindow(clock.System.Now(), 10*time.Second, clock.DefaultDrift)
		<-time.After(w.Left(clock.System.Now()) - 1)
		if got := w.Left(clock.System.Now()); got != 1 {
			t.Errorf("1 ns before the end: got %v want 1ns", got)
		}
		<-time.After(1)
		if w.Open(clock.System.Now()) {
			t.Error("at the end: got open want closed")
		}
	})
}

// Outside of a bubble the monotonic axis never runs backwards, and the wall axis is the time of day.
func TestSystemTellsTheTimeOfThisMachine(t *testing.T) {
	before := time.Now()
	now := clock.System.Now()
	for range 1_000 {
		next := clock.System.Now()
		if next.Mono() < now.Mono() {
			t.Fatalf("the monotonic axis: got %v after %v", next.Mono(), now.Mono())
		}
		now = next
	}
	wall := time.Unix(0, int64(now.Mono()+now.Lead()))
	if off := wall.Sub(before.Round(0)).Abs(); off > time.Minute {
		t.Errorf("the wall axis: got %v want about %v", wall, before)
	}
}
