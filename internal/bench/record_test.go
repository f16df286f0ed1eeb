package bench

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
)

// A latency belongs to the time at which its cycle was due, a completed cycle to the time at which it ended, and what
// is outside of the measured part leaves no trace.
func TestRecorderKeepsToTheMeasuredPart(t *testing.T) {
	start := time.Now()
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	rec := newRecorder(start, time.Second, 2)
	whole := func(due, locked, unlocking, done int) {
		rec.whole(cycle{due: at(due), locked: at(locked), unlocking: at(unlocking), done: at(done)}, nil)
	}
	whole(-20, -10, -10, -5)      // warm-up
	whole(-20, -10, -10, 5)       // begun in it
	whole(100, 300, 300, 400)     // inside
	whole(900, 950, 950, 1200)    // ended after it
	whole(1001, 1002, 1002, 1003) // after it
	rec.failed(at(50), at(60), fmt.Errorf("x: %w", redlock.ErrNoQuorum))
	rec.failed(at(-50), at(60), redlock.ErrNoQuorum)
	rec.abandoned(at(500), at(3000))
	rec.abandoned(at(-1), at(3000)) // waited all the time
	whole(-1, 1000, 1001, 1002)     // the same, and had it then
	if got := rec.workers; got[0] != 2 || got[1] != 0 || rec.through != 2 {
		t.Errorf("got cycles of workers %v, want those of the first; and %d that waited throughout, want 2", got, rec.through)
	}
	if rec.completed != 2 || rec.cycle.TotalCount() != 3 || rec.unlock.TotalCount() != 2 || rec.unfinished != 1 {
		t.Errorf("got %d completed, %d cycles, %d unlocks, %d unfinished", rec.completed, rec.cycle.TotalCount(), rec.unlock.TotalCount(), rec.unfinished)
	}
	points := rec.series.points(time.Second)
	if len(points) != 100 || points[0].Completed != 1 || points[10].Began != 1 || points[40].Completed != 1 || points[5].Failed != 1 {
		t.Errorf("got %d points: %+v", len(points), points)
	}
	if got := points[10].Max; got < Millis(295*time.Millisecond) || got > Millis(305*time.Millisecond) {
		t.Errorf("got %v for the cycle that was due at 100ms, want 300ms", got)
	}
	if got := rec.troubles.sorted(); len(got) != 1 || got[0].Kind != "no quorum" || got[0].Count != 1 {
		t.Errorf("got %+v", got)
	}
}

// A recorder that is cut takes what is before the cut.
func TestCut(t *testing.T) {
	start := time.Now()
	rec := newRecorder(start, time.Second, 2)
	rec.cut(start.Add(500 * time.Millisecond))
	rec.cut(start.Add(700 * time.Millisecond))
	rec.abandoned(start.Add(400*time.Millisecond), start.Add(time.Second))
	rec.abandoned(start.Add(600*time.Millisecond), start.Add(time.Second))
	if rec.unfinished != 1 {
		t.Errorf("got %d, want the one before the cut", rec.unfinished)
	}
}

// Errors are told apart by what a caller would do about them; a flood of kinds is gathered in one.
func TestTroubles(t *testing.T) {
	for err, want := range map[error]string{
		redlock.ErrHeld: "held", redlock.ErrExpired: "expired", redlock.ErrLost: "lost", errors.New("x"): "other",
	} {
		if got := kindOf(fmt.Errorf("wrapped: %w", err)); got != want {
			t.Errorf("%v: got %q, want %q", err, got, want)
		}
	}
	all := troubles{}
	for i := range 1000 {
		all.add("lock", fmt.Sprint(i), errors.New("x"))
	}
	if got := all.sorted(); len(got) != maxKinds+1 || got[0].Kind != "other" || got[0].Count != 1000-maxKinds {
		t.Errorf("got %d kinds, the first %+v", len(got), got[0])
	}
}

// There are about a hundred intervals, of a round length.
func TestRoundInterval(t *testing.T) {
	for duration, want := range map[time.Duration]time.Duration{
		300 * time.Millisecond: 10 * time.Millisecond, 4 * time.Second: 50 * time.Millisecond,
		10 * time.Second: 100 * time.Millisecond, time.Minute: 500 * time.Millisecond, time.Hour: 50 * time.Second,
	} {
		if got := roundInterval(duration); got != want {
			t.Errorf("%v: got %v, want %v", duration, got, want)
		}
	}
}

// A curve rises, begins at 0 and ends at 100 with the largest value.
func TestCurve(t *testing.T) {
	h := newHistogram(3)
	for i := range 10000 {
		h.record(time.Duration(i+1) * time.Microsecond)
	}
	curve := h.curve()
	if first, last := curve[0], curve[len(curve)-1]; first.P != 0 || last.P != 100 || last.Latency != Millis(h.Max()) {
		t.Errorf("got a curve from %+v to %+v", first, last)
	}
	for i, p := range curve[1:] {
		if p.P <= curve[i].P || p.Latency < curve[i].Latency {
			t.Errorf("got %+v after %+v", p, curve[i])
		}
	}
	if got := len(curve); got < 40 || got > 45 {
		t.Errorf("got %d points, want ten for each of four nines", got)
	}
	if newHistogram(3).curve() != nil || newHistogram(3).latency() != (Latency{}) {
		t.Error("got figures of nothing")
	}
}

// Durations are written with three digits, in the unit that suits them.
func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0", 82 * time.Microsecond: "0.082ms", 1240 * time.Microsecond: "1.24ms", 13440 * time.Microsecond: "13.4ms",
		504 * time.Millisecond: "504ms", 2020 * time.Millisecond: "2.02s", 125 * time.Second: "125s",
	} {
		if got := Short(d); got != want {
			t.Errorf("%v: got %q, want %q", d, got, want)
		}
	}
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1 000", 1234567: "1 234 567", -1000: "-1 000"} {
		if got := Grouped(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}
