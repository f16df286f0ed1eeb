package main

import (
	"errors"
	"math"
	"testing"
	"time"
)

// The median of an even number is the middle between the two in the middle; nothing has no median.
func TestSpread(t *testing.T) {
	for _, c := range []struct {
		figures []float64
		want    Spread
	}{
		{nil, Spread{}},
		{[]float64{3}, Spread{3, 3, 3, 1}},
		{[]float64{9, 1}, Spread{5, 1, 9, 2}},
		{[]float64{9, 1, 2}, Spread{2, 1, 9, 3}},
		{[]float64{4, 9, 1, 2}, Spread{3, 1, 9, 4}},
	} {
		if got := spread(c.figures); got != c.want {
			t.Errorf("%v: got %+v, want %+v", c.figures, got, c.want)
		}
	}
}

// A ratio is made pair by pair, not of the medians; a round without its pair, or whose divisor is nothing, is none.
func TestRatio(t *testing.T) {
	for _, c := range []struct {
		name string
		a, b series
		want Spread
	}{
		{"pairs", series{0: 60, 1: 36, 2: 60}, series{0: 5, 1: 4, 2: 4}, Spread{12, 9, 15, 3}},
		{"a slow round is slow for both", series{0: 100, 1: 10, 2: 100}, series{0: 10, 1: 1, 2: 10}, Spread{10, 10, 10, 3}},
		{"no pair", series{0: 1, 1: 8}, series{1: 2, 2: 5}, Spread{4, 4, 4, 1}},
		{"nothing to divide by", series{0: 1, 1: 8}, series{0: 0, 1: 2}, Spread{4, 4, 4, 1}},
		{"no figure", series{0: math.NaN()}, series{0: 1}, Spread{}},
		{"nothing", nil, nil, Spread{}},
	} {
		if got := ratio(c.a, c.b); got != c.want {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}

// Percentiles are by the nearest rank: always a latency that really was.
func TestPercentile(t *testing.T) {
	ten := []time.Duration{1, 2, 3, 4, 5, 6, 7, 8, 9, 10}
	for _, c := range []struct {
		sorted []time.Duration
		p      float64
		want   time.Duration
	}{
		{nil, 50, 0}, {ten[:1], 99, 1}, {ten, 0, 1}, {ten, 10, 1}, {ten, 11, 2}, {ten, 50, 5}, {ten, 99, 10}, {ten, 100, 10},
	} {
		if got := percentile(c.sorted, c.p); got != c.want {
			t.Errorf("p%v of %v: got %v, want %v", c.p, c.sorted, got, c.want)
		}
	}
}

// A target is met by the median, at the bound too, and never by nothing; where the largest is meant, by that.
func TestTargetMet(t *testing.T) {
	for _, c := range []struct {
		target Target
		want   bool
	}{
		{atLeast(10, "", Spread{10, 1, 20, 5}), true},
		{atLeast(10, "", Spread{9.99, 1, 20, 5}), false},
		{atMost(1.5, "", Spread{1.5, 1, 20, 5}), true},
		{atMost(1.5, "", Spread{1.51, 1, 20, 5}), false},
		{atMost(1.5, "", Spread{}), false},
		{Target{Bound: 50, Largest: true, Measured: Spread{1, 1, 50, 5}}, true},
		{Target{Bound: 50, Largest: true, Measured: Spread{1, 1, 51, 5}}, false},
		{Target{Largest: true, Measured: Spread{0, 0, 1, 5}}, false},
	} {
		if got := c.target.Met(); got != c.want {
			t.Errorf("%+v: got %v", c.target, got)
		}
	}
}

// Lock and unlock on slow links need the quorum-th fastest node, whatever the order of the nodes.
func TestDelays(t *testing.T) {
	if got, want := quorumth(5), 10*time.Millisecond; got != want {
		t.Errorf("5 nodes: got %v, want %v", got, want)
	}
	if got, want := quorumth(7), 5*time.Millisecond; got != want { // 1 1 5 5 10 20 40
		t.Errorf("7 nodes: got %v, want %v", got, want)
	}
	if got, want := slowest(7), 40*time.Millisecond; got != want {
		t.Errorf("slowest: got %v, want %v", got, want)
	}
}

// Errors of one kind count as one, whatever their key, node or time.
func TestKindOf(t *testing.T) {
	a, b := errors.New("lock \"bench/0001/007\": 10.0.0.1:6379\ntimeout"), errors.New("lock \"bench/0002/009\": 10.0.0.2:6380\ntimeout")
	if kindOf(a) != kindOf(b) {
		t.Errorf("%q and %q", kindOf(a), kindOf(b))
	}
	if got, want := commonest(map[string]int{"b": 2, "a": 2, "c": 1}), "a"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
