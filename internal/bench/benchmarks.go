package bench

import (
	"fmt"
	"io"
	"time"

	"golang.org/x/perf/benchfmt"
)

// WriteBenchmarks writes the figures as Go benchmark lines, which benchstat compares: one line each for lock, unlock
// and the whole cycle, and one for waiting when there is something about it. The sec/op of a cycle is the time between two of them, all workers together, as go test -bench
// counts it; those of lock and unlock are mean latencies.
func WriteBenchmarks(w io.Writer, r *Result) error {
	out := benchfmt.NewWriter(w)
	l, e := r.Load, r.Environment
	redis := e.Redis
	if r.Embedded() {
		redis = "none (miniredis)"
	}
	config := []benchfmt.Config{}
	for _, one := range [][2]string{
		{"goos", e.OS}, {"goarch", e.Arch}, {"pkg", "github.com/quorumlock/quorumlock/redlock"}, {"cpu", e.CPU}, {"redis", redis},
	} {
		if one[1] != "" {
			config = append(config, benchfmt.Config{Key: one[0], Value: []byte(one[1]), File: true})
		}
	}
	kind := string(e.Kind)
	if kind == "" {
		kind = "given"
	}
	load := fmt.Sprintf("workers=%d", l.Workers)
	if l.Model == "open" {
		load = fmt.Sprintf("rate=%g", l.Rate)
	}
	if l.Processes > 1 {
		load = fmt.Sprintf("processes=%d/%s", l.Processes, load)
	}
	suffix := fmt.Sprintf("/nodes=%s:%d/mode=%s/keys=%s/%s-%d", kind, e.Nodes, l.Mode, l.Keys, load, e.Procs)

	whole := []benchfmt.Value{{Value: r.PerSecond, Unit: "locks/s"}}
	whole = append(whole, percentiles(r.Cycle)...)
	whole = append(whole,
		benchfmt.Value{Value: time.Duration(r.Cost.CPU).Seconds(), Unit: "cpu-sec/op"},
		benchfmt.Value{Value: r.Cost.Bytes, Unit: "B/op"},
		benchfmt.Value{Value: r.Cost.Allocs, Unit: "allocs/op"})
	between := 0.0
	if r.PerSecond > 0 {
		between = 1 / r.PerSecond
	}
	lines := []benchmarkLine{
		{"Cycle", r.Completed, between, whole},
		{"Lock", r.Lock.Count, time.Duration(r.Lock.Mean).Seconds(), percentiles(r.Lock)},
		{"Unlock", r.Unlock.Count, time.Duration(r.Unlock.Mean).Seconds(), percentiles(r.Unlock)},
	}
	if r.Waiting != nil {
		lines = append(lines, r.waitingLine())
	}
	for _, one := range lines {
		err := out.Write(&benchfmt.Result{
			Config: config, Name: benchfmt.Name(one.name + suffix), Iters: int(one.count),
			Values: append([]benchfmt.Value{{Value: one.sec * 1e9, Unit: "ns/op"}}, one.values...),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// benchmarkLine is a line without what all of them have in common.
type benchmarkLine struct {
	name   string
	count  int64
	sec    float64
	values []benchfmt.Value
}

// waitingLine is the line about waiting.
func (r *Result) waitingLine() benchmarkLine {
	w := r.Waiting
	values := []benchfmt.Value{
		{Value: w.PerSecond, Unit: r.Load.Unit()},
		{Value: w.Within, Unit: "within-%"},
		{Value: w.Rounds, Unit: "rounds/op"},
		{Value: time.Duration(w.Wait.P50).Seconds(), Unit: "p50-sec/op"},
		{Value: time.Duration(w.Wait.P99).Seconds(), Unit: "p99-sec/op"},
		{Value: time.Duration(w.Wait.Max).Seconds(), Unit: "max-sec/op"},
		{Value: w.MaxByMean, Unit: "max/mean"},
	}
	if w.Workers != nil {
		values = append(values, benchfmt.Value{Value: w.Workers.Jain, Unit: "jain-workers"},
			benchfmt.Value{Value: w.Workers.Smallest, Unit: "smallest-worker"})
	}
	values = append(values, benchfmt.Value{Value: w.Processes.Jain, Unit: "jain-processes"},
		benchfmt.Value{Value: w.Processes.Smallest, Unit: "smallest-process"})
	return benchmarkLine{"Wait", w.Wait.Count, time.Duration(w.Wait.Mean).Seconds(), values}
}

func percentiles(l Latency) []benchfmt.Value {
	return []benchfmt.Value{
		{Value: time.Duration(l.P50).Seconds(), Unit: "p50-sec/op"},
		{Value: time.Duration(l.P90).Seconds(), Unit: "p90-sec/op"},
		{Value: time.Duration(l.P99).Seconds(), Unit: "p99-sec/op"},
		{Value: time.Duration(l.P999).Seconds(), Unit: "p99.9-sec/op"},
		{Value: time.Duration(l.Max).Seconds(), Unit: "max-sec/op"},
	}
}
