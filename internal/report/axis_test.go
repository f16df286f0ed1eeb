package report

import (
	"math"
	"reflect"
	"testing"
)

// An axis begins and ends at round values, and marks round ones between.
func TestAxisMarksRoundValues(t *testing.T) {
	for _, c := range []struct {
		scale    Scale
		values   []float64
		min, max float64
		ticks    []float64
	}{
		{Linear, []float64{3, 5300}, 0, 6000, []float64{0, 1000, 2000, 3000, 4000, 5000, 6000}},
		{Linear, []float64{0}, 0, 1, []float64{0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1}},
		{Linear, nil, 0, 10, []float64{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10}},
		{Log, []float64{0.7, 30}, 0.5, 50, []float64{0.5, 1, 2, 5, 10, 20, 50}},
		{Log, []float64{1, 10}, 1, 10, []float64{1, 2, 5, 10}},
		{Log, []float64{0.003, 700000}, 0.002, 1e6, []float64{0.01, 0.1, 1, 10, 100, 1000, 1e4, 1e5, 1e6}},
		{Log, []float64{0, -1, math.NaN()}, 1, 10, []float64{1, 2, 5, 10}},
		{Nines, []float64{0, 99.95}, 0, 99.95, []float64{0, 50, 90, 99, 99.9}},
		{Nines, []float64{0, 50}, 0, 90, []float64{0, 50, 90}},
	} {
		a := Axis{Scale: c.scale}.fit(c.values)
		if math.Abs(a.Min-c.min) > 1e-9*c.max || math.Abs(a.Max-c.max) > 1e-9*c.max {
			t.Errorf("%v of %v: got %v to %v, want %v to %v", c.values, c.scale, a.Min, a.Max, c.min, c.max)
		}
		got := a.ticks(10)
		for i := range got {
			got[i] = math.Round(got[i]*1e6) / 1e6
		}
		if !reflect.DeepEqual(got, c.ticks) {
			t.Errorf("%v on scale %d: got ticks %v, want %v", c.values, c.scale, got, c.ticks)
		}
	}
}

// Values stand in order between the ends of the axis, and those outside at the ends; each nine takes the same room.
func TestAxisPlacesValues(t *testing.T) {
	for _, a := range []Axis{{Max: 10}, {Scale: Log, Min: 0.1, Max: 10}, {Scale: Nines, Max: 99.99}} {
		a = a.fit(nil)
		last := -1.0
		for _, v := range []float64{-5, 0.1, 1, 5, 9.9, 1000} {
			at := a.at(v)
			if at < 0 || at > 1 || at < last {
				t.Errorf("scale %d: got %v at %v, after %v", a.Scale, v, at, last)
			}
			last = at
		}
	}
	a := Axis{Scale: Nines, Max: 99.9}.fit(nil)
	for i, v := range []float64{0, 90, 99, 99.9} {
		if got, want := a.at(v), float64(i)/3; math.Abs(got-want) > 1e-9 {
			t.Errorf("%v %%: got %v, want %v", v, got, want)
		}
	}
}
