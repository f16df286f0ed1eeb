package bench

import (
	"math"
	"testing"
)

// Jain's index is 1 when all got as many, 1/n when one got all, and between them otherwise; it is the same of many locks
// as of few. The smallest share is told against a fair one.
func TestFairness(t *testing.T) {
	for name, c := range map[string]struct {
		counts []int64
		want   Fairness
	}{
		"nobody":          {nil, Fairness{}},
		"one":             {[]int64{7}, Fairness{1, 1, 1}},
		"nothing":         {[]int64{0, 0, 0}, Fairness{Of: 3}},
		"all the same":    {[]int64{5, 5, 5, 5}, Fairness{4, 1, 1}},
		"one has all":     {[]int64{0, 0, 9, 0}, Fairness{4, 0.25, 0}},
		"half have all":   {[]int64{3, 0, 3, 0}, Fairness{4, 0.5, 0}},
		"one has more":    {[]int64{1, 3}, Fairness{2, 0.8, 0.5}},
		"a thousand more": {[]int64{1e15, 3e15}, Fairness{2, 0.8, 0.5}},
	} {
		got := fairness(c.counts)
		same := func(a, b float64) bool { return math.Abs(a-b) <= 1e-12 } // false of what is no number
		if got.Of != c.want.Of || !same(got.Jain, c.want.Jain) || !same(got.Smallest, c.want.Smallest) {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}
