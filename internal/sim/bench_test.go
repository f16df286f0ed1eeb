package sim

import (
	"fmt"
	"testing"
	"time"
)

// How many seconds go by in the simulated world while one does on a core, for each number of nodes, under faults.
func BenchmarkRun(b *testing.B) {
	for _, nodes := range []int{1, 3, 5, 7} {
		b.Run(fmt.Sprintf("nodes=%d", nodes), func(b *testing.B) {
			b.ReportAllocs()
			simulated := time.Duration(0)
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
			b.ReportMetric(simulated.Seconds()/b.Elapsed().Seconds(), "x-real-time")
		})
	}
}
