//go:build unix

package sim

import (
	"fmt"
	"syscall"
	"testing"
	"time"
)

// How many seconds go by in the simulated world for one of a core's, for each number of nodes, under faults. The time of
// the core is what this process used, so that it is the same on a busy machine.
func BenchmarkRun(b *testing.B) {
	for _, nodes := range []int{1, 3, 5, 7} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			b.ReportAllocs()
			simulated, before := time.Duration(0), used(b)
			seed := uint64(0)
			for b.Loop() {
				cfg := Draw(seed)
				for cfg.Nodes != nodes || cfg.Quiet {
					seed++
					cfg = Draw(seed)
				}
				seed++
				r := Run(cfg, Faults(cfg), nil)
				if len(r.Violations) > 0 {
					b.Fatal(r.Violations[0])
				}
				simulated += r.Simulated
			}
			b.ReportMetric(simulated.Seconds()/(used(b)-before).Seconds(), "x-real-time")
		})
	}
}

// used returns the processor time that this process has used.
func used(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
