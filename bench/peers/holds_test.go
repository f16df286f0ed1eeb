package main

import (
	"math"
	"slices"
	"testing"
	"time"
)

// threeHolds are of two processes: the first one's workers had the key at 10 and at 40, the second one's worker at 20.
func threeHolds() [][][]Hold {
	return [][][]Hold{
		{{{Asked: 0, Had: 10, Gave: 15}}, {{Asked: 18, Had: 40, Gave: 41}}},
		{{{Asked: 3, Had: 20, Gave: 30}}},
	}
}

// Holds of all processes come in the order in which they began, whoever they are of.
func TestMerge(t *testing.T) {
	all := merge(threeHolds())
	var began []time.Duration
	var whose []int
	for _, h := range all {
		began, whose = append(began, h.Had), append(whose, h.process)
	}
	if !slices.Equal(began, []time.Duration{10, 20, 40}) || !slices.Equal(whose, []int{0, 1, 0}) {
		t.Errorf("got %v of %v", began, whose)
	}
	if all := merge(nil); len(all) != 0 {
		t.Errorf("of nothing: %v", all)
	}
}

// Two holders at the same time are seen, whichever processes they are of, also when a third one came between; the end of
// one hold may be the beginning of another one.
func TestOverlapping(t *testing.T) {
	hold := func(had, gave time.Duration) Hold { return Hold{Had: had, Gave: gave} }
	for _, c := range []struct {
		name  string
		holds [][][]Hold
		want  int
	}{
		{"nobody", nil, 0},
		{"one after the other", threeHolds(), 0},
		{"the end of one is the beginning of another", [][][]Hold{{{hold(1, 2)}}, {{hold(2, 3)}}}, 0},
		{"another process", [][][]Hold{{{hold(1, 5)}}, {{hold(4, 6)}}}, 1},
		{"another worker", [][][]Hold{{{hold(4, 6)}, {hold(1, 5)}}}, 1},
		{"a long one, and two within it", [][][]Hold{{{hold(1, 9)}}, {{hold(2, 3), hold(5, 6)}}}, 2},
		{"at the same instant", [][][]Hold{{{hold(1, 2)}}, {{hold(1, 2)}}}, 1},
	} {
		if got := overlapping(merge(c.holds)); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

// A hand-over is from one process to another one that was waiting.
func TestHandOvers(t *testing.T) {
	for _, c := range []struct {
		name  string
		holds [][][]Hold
		want  []time.Duration
	}{
		{"to and fro", threeHolds(), []time.Duration{5, 10}},
		{"to the same process", [][][]Hold{{{{0, 1, 2}}, {{0, 3, 4}}}}, nil},
		{"to one that asks later", [][][]Hold{{{{0, 1, 2}}}, {{{2, 3, 4}}}}, nil},
		{"nobody", nil, nil},
	} {
		if got := handOvers(merge(c.holds)); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// A hold counts when it began in the measured part; a wait counts too when it was under way at the end of that.
func TestWithin(t *testing.T) {
	holds := [][][]Hold{{
		{{Asked: 1, Had: 9, Gave: 10}, {Asked: 9, Had: 10, Gave: 11}, {Asked: 11, Had: 19, Gave: 30}, {Asked: 19, Had: 40, Gave: 41}},
		{{Asked: 20, Had: 21, Gave: 22}},
		nil,
	}}
	if got := within(holds, 10, 20); len(got) != 1 || !slices.Equal(got[0], []int{2, 0, 0}) {
		t.Errorf("got %v", got)
	}
	if got, want := waits(merge(holds), 10, 20), []time.Duration{1, 8, 21}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

// Shares are fair when all have the same, and know who has nothing.
func TestShares(t *testing.T) {
	for _, c := range []struct {
		counts      []int
		jain, least float64
	}{
		{nil, 0, 0}, {[]int{0, 0}, 0, 0}, {[]int{5}, 1, 1}, {[]int{7, 7, 7, 7}, 1, 1}, {[]int{8, 0, 0, 0}, 0.25, 0},
		{[]int{3, 1}, 0.8, 0.5},
	} {
		if got := jain(c.counts); math.Abs(got-c.jain) > 1e-9 {
			t.Errorf("%v: Jain's index is %v, want %v", c.counts, got, c.jain)
		}
		if got := leastShare(c.counts); math.Abs(got-c.least) > 1e-9 {
			t.Errorf("%v: the smallest share is %v, want %v", c.counts, got, c.least)
		}
	}
	if got := mean([]time.Duration{1, 2, 6}); got != 3 || mean(nil) != 0 {
		t.Errorf("mean: got %v", got)
	}
}

// What processes have said comes together: counts, shares, waits, failures, and two holders.
func TestContended(t *testing.T) {
	holds := threeHolds()
	m := contended([]Reply{
		{Holds: holds[0], Failed: map[string]int{"a": 1, "b": 2}}, {Holds: holds[1], Failed: map[string]int{"a": 2}},
	}, 0, 1e9)
	if m.Locks != 3 || m.PerSecond != 3 || m.Failed != 5 || m.Failure != "a" || m.Overlaps != 0 {
		t.Errorf("got %+v", m)
	}
	// Processes have 2 and 1, workers 1, 1 and 1.
	if m.LeastShare != 2./3 || m.JainProc != 0.9 || m.JainWorker != 1 {
		t.Errorf("shares: got %v, %v, %v", m.LeastShare, m.JainProc, m.JainWorker)
	}
	if m.WaitP50 != ms(17) || m.WaitMax != ms(22) || m.WaitMean != ms(49/3) {
		t.Errorf("waits: got %v, %v, %v", m.WaitP50, m.WaitMax, m.WaitMean)
	}
	holds[1][0][0].Had = 14
	if m := contended([]Reply{{Holds: holds[0]}, {Holds: holds[1]}}, 0, 1e9); m.Overlaps != 1 {
		t.Errorf("two holders: got %d times", m.Overlaps)
	}
}
