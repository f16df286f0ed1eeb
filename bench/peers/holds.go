package main

import (
	"cmp"
	"slices"
	"time"
)

// Hold is one time that somebody had the one key, on the clock that all processes share.
type Hold struct {
	Asked time.Duration `json:"q"` // the call of Lock
	Had   time.Duration `json:"h"` // its return
	Gave  time.Duration `json:"g"` // the call of Unlock
}

// placed is a hold, and which process it was of.
type placed struct {
	Hold
	process int
}

// merge returns all holds of all workers of all processes in the order in which they began.
func merge(processes [][][]Hold) []placed {
	var all []placed
	for i, workers := range processes {
		for _, holds := range workers {
			for _, h := range holds {
				all = append(all, placed{h, i})
			}
		}
	}
	slices.SortFunc(all, func(a, b placed) int { return cmp.Compare(a.Had, b.Had) })
	return all
}

// overlapping returns how many of the holds, in the order in which they began, began while another one lasted.
func overlapping(all []placed) int {
	count := 0
	free := time.Duration(-1) // when all that began before are over
	for i, h := range all {
		if i > 0 && h.Had < free {
			count++
		}
		free = max(free, h.Gave)
	}
	return count
}

// handOvers returns how long each took from the call of Unlock in one process until Lock had returned in another one that
// waited at that call. The holds are in the order in which they began.
func handOvers(all []placed) []time.Duration {
	var took []time.Duration
	for i := 1; i < len(all); i++ {
		if before, h := all[i-1], all[i]; h.process != before.process && h.Asked < before.Gave {
			took = append(took, h.Had-before.Gave)
		}
	}
	return took
}

// within returns how many holds of each worker of each process began from begin on and before end.
func within(processes [][][]Hold, begin, end time.Duration) [][]int {
	counts := make([][]int, len(processes))
	for i, workers := range processes {
		counts[i] = make([]int, len(workers))
		for j, holds := range workers {
			for _, h := range holds {
				if h.Had >= begin && h.Had < end {
					counts[i][j]++
				}
			}
		}
	}
	return counts
}

// waits returns how long those waited who had the key from begin on and had asked for it before end, sorted: also those
// who were waiting at the end.
func waits(all []placed, begin, end time.Duration) []time.Duration {
	var some []time.Duration
	for _, h := range all {
		if h.Had >= begin && h.Asked < end {
			some = append(some, h.Had-h.Asked)
		}
	}
	slices.Sort(some)
	return some
}

// sums adds up the counts of each process's workers.
func sums(counts [][]int) []int {
	all := make([]int, len(counts))
	for i, workers := range counts {
		for _, count := range workers {
			all[i] += count
		}
	}
	return all
}

// jain returns Jain's index of fairness: 1 when all have the same, 1/n when one of n has everything; 0 of nothing.
func jain(counts []int) float64 {
	var sum, squares float64
	for _, count := range counts {
		sum += float64(count)
		squares += float64(count) * float64(count)
	}
	if squares == 0 {
		return 0
	}
	return sum * sum / (float64(len(counts)) * squares)
}

// leastShare returns the smallest count against what each would have if all had the same; 0 of nothing.
func leastShare(counts []int) float64 {
	sum := 0
	for _, count := range counts {
		sum += count
	}
	if sum == 0 {
		return 0
	}
	return float64(slices.Min(counts)*len(counts)) / float64(sum)
}

// mean returns the average; 0 of nothing.
func mean(all []time.Duration) time.Duration {
	if len(all) == 0 {
		return 0
	}
	var sum time.Duration
	for _, d := range all {
		sum += d
	}
	return sum / time.Duration(len(all))
}
