package bench

import "runtime/metrics"

// memoryNow returns how many bytes of memory this process holds by way of Go's runtime: what that has taken from the
// system, less what it has given back. It is about what the system shows as resident.
func memoryNow() uint64 {
	samples := []metrics.Sample{{Name: "/memory/classes/total:bytes"}, {Name: "/memory/classes/heap/released:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64() - samples[1].Value.Uint64()
}

// memory sums up the series: what the process held after a tenth of it, at its end, and at most.
func memory(series []Point) Memory {
	var m Memory
	for i, p := range series {
		if p.Memory == 0 {
			continue
		}
		if m.Early == 0 && 10*i >= len(series) {
			m.Early = p.Memory
		}
		m.Late, m.Most = p.Memory, max(m.Most, p.Memory)
	}
	return m
}
