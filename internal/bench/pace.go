package bench

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"
)

// Arrivals is when an open load asks for its locks.
type Arrivals string

const (
	Poisson Arrivals = "poisson" // independently of each other, as many users do
	Fixed   Arrivals = "fixed"   // at the same distance, as a metronome does
)

// ParseArrivals reads the name of a pattern of arrivals.
func ParseArrivals(s string) (Arrivals, error) {
	switch a := Arrivals(s); a {
	case Poisson, Fixed:
		return a, nil
	}
	return "", fmt.Errorf("unknown arrivals %q: want poisson or fixed", s)
}

// timing returns a function whose n-th call says how long after the beginning the n-th lock is to be asked for, by one
// of the processes that share the rate, counted from 0. What happened to the locks before has no influence on it.
func (a Arrivals) timing(rate float64, seed uint64, process, processes int) func() time.Duration {
	mean := float64(time.Second) / rate * float64(processes)
	if a == Fixed {
		n := float64(process) / float64(processes) // in turn
		return func() time.Duration {
			n++
			return time.Duration((n - 1) * mean)
		}
	}
	random := rand.New(rand.NewPCG(seed, 0x61727269+uint64(process)))
	at := 0.0
	return func() time.Duration {
		at += random.ExpFloat64() * mean
		return time.Duration(at)
	}
}

// pace calls do with the time at which each arrival is due, when it is due or as soon after as do lets it, until one
// would be due at end or ctx ends. It skips none: the one that is late is still told when it was due.
func pace(ctx context.Context, start, end time.Time, next func() time.Duration, do func(due time.Time)) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		due := start.Add(next())
		if !due.Before(end) {
			return
		}
		if wait := time.Until(due); wait > 0 {
			timer.Reset(wait)
			select {
			case <-timer.C:
			case <-ctx.Done():
				return
			}
		}
		if ctx.Err() != nil {
			return
		}
		do(due)
	}
}
