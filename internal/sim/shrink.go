package sim

import (
	"context"
	"slices"
	"time"
)

// Shrink returns the smallest run that it finds in which rule is violated as well: one that ends there, with fewer
// faults, then with fewer processes and callers. When ctx ends it takes what it has found by then.
func Shrink(ctx context.Context, cfg Config, faults []Fault, rule string) (Config, []Fault) {
	fails := func(cfg Config, faults []Fault) (time.Duration, bool) {
		if ctx.Err() != nil {
			return 0, false
		}
		for _, v := range Run(cfg, faults, nil).Violations {
			if v.Rule == rule {
				return v.At, true
			}
		}
		return 0, false
	}
	at, broken := fails(cfg, faults)
	if !broken {
		return cfg, faults
	}
	cut := func() {
		faults = slices.DeleteFunc(faults, func(f Fault) bool { return f.At > at })
	}
	cut()
	// From halves to single ones.
	for size := max(1, len(faults)/2); ; size /= 2 {
		for from := len(faults) - size; from >= 0; from -= size {
			fewer := slices.Delete(slices.Clone(faults), from, from+size)
			if earlier, still := fails(cfg, fewer); still {
				faults, at = fewer, earlier
				cut()
				from = min(from, len(faults))
			}
		}
		if size <= 1 {
			break
		}
	}
	for _, smaller := range []func(*Config){
		func(c *Config) { c.Clients-- }, func(c *Config) { c.Clients-- }, func(c *Config) { c.Workers-- },
		func(c *Config) { c.Workers-- }, func(c *Config) { c.Keys-- }, func(c *Config) { c.Keys-- },
	} {
		less := cfg
		smaller(&less)
		if less.Clients < 1 || less.Workers < 1 || less.Keys < 1 || cfg.Skewed && less.Clients != cfg.Clients ||
			cfg.Quiet && less.Keys < less.Clients {
			continue
		}
		if _, still := fails(less, faults); still {
			cfg = less
		}
	}
	return cfg, faults
}
