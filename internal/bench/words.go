package bench

import (
	"fmt"
	"strconv"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
)

// NodesText says what was measured.
func (r *Result) NodesText() string {
	e := r.Environment
	redis := "Redis " + e.Redis
	if e.Redis == "" {
		redis = "Redis of unknown version"
	}
	switch e.Kind {
	case cluster.Docker:
		return fmt.Sprintf("%d nodes on this machine, a container each, %s, appendfsync %s", e.Nodes, redis, e.Persist)
	case cluster.Process:
		return fmt.Sprintf("%d nodes on this machine, a redis-server process each, %s, appendfsync %s", e.Nodes, redis, e.Persist)
	case cluster.Embedded:
		return fmt.Sprintf("%d nodes inside this process, miniredis in place of Redis: not Redis figures", e.Nodes)
	default:
		return fmt.Sprintf("%d nodes that were there, %s", e.Nodes, redis)
	}
}

// Text says what the load was.
func (l Load) Text() string {
	several := l.Processes > 1
	text := fmt.Sprintf("%d workers", l.Workers)
	switch {
	case l.Model == "open" && several:
		text = fmt.Sprintf("%g locks per second asked for by %d processes (%s arrivals, at most %d at once in each)", l.Rate, l.Processes, l.Arrivals, l.Workers)
	case l.Model == "open":
		text = fmt.Sprintf("%g locks per second asked for (%s arrivals, at most %d at once)", l.Rate, l.Arrivals, l.Workers)
	case several:
		text = fmt.Sprintf("%d processes with %s each", l.Processes, plural(l.Workers, "worker"))
	}
	text += map[Keys]string{Distinct: ", each on a key of its own", One: ", all on one key", Zipf: ", on keys by Zipf's law"}[l.Keys]
	if l.Hold > 0 {
		text += fmt.Sprintf(", held for %v", time.Duration(l.Hold))
	}
	return text + fmt.Sprintf("; mode %s, TTL %v, warm-up %v, seed %d", l.Mode, time.Duration(l.TTL), time.Duration(l.Warmup), l.Seed)
}

// Grouped writes n with gaps between thousands.
func Grouped(n int64) string {
	digits := strconv.FormatInt(n, 10)
	for i := len(digits) - 3; i > 0 && digits[i-1] != '-'; i -= 3 {
		digits = digits[:i] + " " + digits[i:]
	}
	return digits
}

// Bytes writes an amount of memory.
func Bytes(n float64) string {
	if n < 1024 {
		return fmt.Sprintf("%.0f B", n)
	}
	if n < 1<<20 {
		return fmt.Sprintf("%.1f KiB", n/1024)
	}
	return fmt.Sprintf("%.1f MiB", n/(1<<20))
}

// plural is a number of things.
func plural(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}

// Who says whose cost and memory the result tells.
func (r *Result) Who() string {
	if r.Load.Processes > 1 {
		return fmt.Sprintf("the %d processes of the load together", r.Load.Processes)
	}
	return "this process"
}

// Unit is what is counted by the second: with one key, every lock hands it over.
func (l Load) Unit() string {
	if l.Keys == One {
		return "hand-overs/s"
	}
	return "locks/s"
}
