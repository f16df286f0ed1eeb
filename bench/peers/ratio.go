package main

import (
	"math"
	"slices"
	"time"
)

// Spread is the middle of some figures, and their ends. N is 0 when there are none.
type Spread struct {
	Median, Min, Max float64
	N                int
}

// spread sorts its argument.
func spread(figures []float64) Spread {
	if len(figures) == 0 {
		return Spread{}
	}
	slices.Sort(figures)
	middle := len(figures) / 2
	median := figures[middle]
	if len(figures)%2 == 0 {
		median = (figures[middle-1] + figures[middle]) / 2
	}
	return Spread{Median: median, Min: figures[0], Max: figures[len(figures)-1], N: len(figures)}
}

// series is one figure of one subject by round.
type series map[int]float64

func (s series) spread() Spread {
	figures := make([]float64, 0, len(s))
	for _, f := range s {
		figures = append(figures, f)
	}
	return spread(figures)
}

// ratio divides pair by pair: the turns of one round, minutes apart at most, meet the same machine. A round that one of
// the two lacks, or in which b came to nothing, is no pair.
func ratio(a, b series) Spread {
	var pairs []float64
	for round, x := range a {
		if y, ok := b[round]; ok && y > 0 && !math.IsNaN(x) {
			pairs = append(pairs, x/y)
		}
	}
	return spread(pairs)
}

// percentile returns the smallest value that p percent are not above, by the nearest rank; 0 of nothing.
func percentile(sorted []time.Duration, p float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	rank := int(math.Ceil(p / 100 * float64(len(sorted))))
	return sorted[min(max(rank, 1), len(sorted))-1]
}
