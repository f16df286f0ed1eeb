package sim

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"time"
)

// Series is many runs: of the seeds from First on, one after the other.
type Series struct {
	First  uint64
	Count  uint64    // so many; 0: until Until
	Until  time.Time // no run begins after it; the zero Time: no bound
	Cores  int       // so many runs at the same time, at least 1
	Mutant Mutant
	Tell   func(*Report) // given what has been counted so far after each run; nil: nobody asks
}

// Run carries the series out, or the part of it that begins before ctx ends, and returns what all of its runs came to.
// That is the same on any number of cores: runs share nothing, and the seeds that were run are all those from First on.
func (s Series) Run(ctx context.Context) *Report {
	total := &Report{}
	var mu sync.Mutex // guards total and next
	next := s.First
	take := func() (seed uint64, ok bool) {
		mu.Lock()
		defer mu.Unlock()
		if ctx.Err() != nil || s.Count > 0 && next-s.First >= s.Count || !s.Until.IsZero() && !time.Now().Before(s.Until) {
			return 0, false
		}
		next++
		return next - 1, true
	}
	var workers sync.WaitGroup
	for range max(1, s.Cores) {
		workers.Go(func() {
			for seed, ok := take(); ok; seed, ok = take() {
				cfg := Draw(seed)
				cfg.Mutant = s.Mutant
				one := Run(cfg, Faults(cfg), nil)
				mu.Lock()
				total.Add(one)
				if s.Tell != nil {
					s.Tell(total)
				}
				mu.Unlock()
			}
		})
	}
	workers.Wait()
	slices.SortStableFunc(total.Violations, func(a, b Violation) int { return cmp.Compare(a.Seed, b.Seed) })
	return total
}
