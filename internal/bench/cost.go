package bench

import (
	"runtime/metrics"
	"time"
)

// usage is what this process has used since it began.
type usage struct {
	at             time.Time
	objects, bytes uint64
	cpu            time.Duration // user and system
}

func readUsage() usage {
	samples := []metrics.Sample{{Name: "/gc/heap/allocs:objects"}, {Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(samples)
	return usage{at: time.Now(), objects: samples[0].Value.Uint64(), bytes: samples[1].Value.Uint64(), cpu: cpuTime()}
}

// since returns what each of count cycles cost between the two readings.
func (u usage) since(earlier usage, count int64) Cost {
	cpu, elapsed := u.cpu-earlier.cpu, u.at.Sub(earlier.at)
	if count == 0 || elapsed <= 0 {
		return Cost{}
	}
	n := float64(count)
	return Cost{
		Allocs: float64(u.objects-earlier.objects) / n,
		Bytes:  float64(u.bytes-earlier.bytes) / n,
		CPU:    Millis(float64(cpu) / n),
		Busy:   float64(cpu) / float64(elapsed),
	}
}
