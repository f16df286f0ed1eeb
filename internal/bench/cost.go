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

// spent is what processes have used within some time.
type spent struct {
	Elapsed time.Duration `json:"elapsed"`
	Objects uint64        `json:"objects"`
	Bytes   uint64        `json:"bytes"`
	CPU     time.Duration `json:"cpu"`
}

// since returns what was used between the two readings.
func (u usage) since(earlier usage) spent {
	return spent{Elapsed: u.at.Sub(earlier.at), Objects: u.objects - earlier.objects, Bytes: u.bytes - earlier.bytes, CPU: u.cpu - earlier.cpu}
}

// add adds what another process has used in the same time.
func (s *spent) add(other spent) {
	s.Elapsed = max(s.Elapsed, other.Elapsed)
	s.Objects += other.Objects
	s.Bytes += other.Bytes
	s.CPU += other.CPU
}

// each returns what each of count cycles cost.
func (s spent) each(count int64) Cost {
	if count == 0 || s.Elapsed <= 0 {
		return Cost{}
	}
	n := float64(count)
	return Cost{
		Allocs: float64(s.Objects) / n,
		Bytes:  float64(s.Bytes) / n,
		CPU:    Millis(float64(s.CPU) / n),
		Busy:   float64(s.CPU) / float64(s.Elapsed),
	}
}
