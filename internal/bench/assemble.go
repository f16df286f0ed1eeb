package bench

import (
	"fmt"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// result puts together what the recorder and the nodes' answers hold.
func (r *run) result(rec *recorder) *Result {
	rec.mu.Lock()
	defer rec.mu.Unlock()
	measured := rec.end.Sub(rec.start)
	result := &Result{
		Schema: Schema, Load: r.load(), Environment: r.environment(),
		Measured: Seconds(measured), Completed: rec.completed, PerSecond: float64(rec.completed) / measured.Seconds(),
		Unfinished: rec.unfinished, Rounds: r.answers.rounds.Load(), Raises: r.answers.raises.Load(),
		Lock: rec.lock.latency(), Unlock: rec.unlock.latency(), Cycle: rec.cycle.latency(),
		Errors:   rec.troubles.sorted(),
		Curves:   Curves{Lock: rec.lock.curve(), Unlock: rec.unlock.curve(), Cycle: rec.cycle.curve()},
		Interval: Seconds(rec.series.interval), Series: rec.series.points(measured),
		cycle: rec.cycle, series: rec.series,
	}
	result.Memory = memory(result.Series)
	r.answers.fill(result, r.health)
	result.Notes = r.notes(result)
	return result
}

func (r *run) load() Load {
	l := Load{
		Model: "closed", Workers: r.cfg.Workers, Keys: r.cfg.Keys, Hold: Millis(r.cfg.Hold), TTL: Millis(r.cfg.TTL),
		Mode: "fenced", Duration: Seconds(r.cfg.Duration), Warmup: Seconds(r.cfg.Warmup), Seed: r.cfg.Seed,
	}
	if r.cfg.Rate > 0 {
		l.Model, l.Rate, l.Arrivals = "open", r.cfg.Rate, r.cfg.Arrivals
	}
	if r.cfg.Mode == redlock.Plain {
		l.Mode = "plain"
	}
	return l
}

func (r *run) environment() Environment {
	e := environment(r.health)
	if r.cluster != nil {
		e.Kind, e.Proxied = r.cluster.Kind(), r.cfg.proxied()
		if e.Kind != cluster.Embedded {
			e.Persist = string(cluster.PersistAlways)
		}
	}
	return e
}

// notes is what a reader has to know before believing the figures.
func (r *run) notes(result *Result) []string {
	notes := []string{}
	if result.Embedded() {
		notes = append(notes, "Not Redis figures: the nodes are miniredis inside this process, which shares its cores and its memory with the load.")
	}
	if result.Environment.Proxied {
		notes = append(notes, "The nodes are behind proxies in this process, which delay needs: they add latency to every command, and CPU and allocations to every lock.")
	}
	if r.worse != "" {
		notes = append(notes, fmt.Sprintf("The nodes are of kind %s because nothing better runs here (%s).", result.Environment.Kind, r.worse))
	}
	if result.Unfinished > 0 {
		notes = append(notes, fmt.Sprintf("%d locks were still waited for at the end. They are in the latencies with the time that they had taken until then: at least that.", result.Unfinished))
	}
	if short := time.Duration(result.Measured); short < time.Second {
		notes = append(notes, fmt.Sprintf("Only %s were measured: high percentiles mean little.", Short(short)))
	}
	return notes
}

// Embedded reports whether the figures are not those of Redis.
func (r *Result) Embedded() bool { return r.Environment.Kind == cluster.Embedded }

// fill puts into the result what the nodes said.
func (a *answers) fill(result *Result, health redlock.Health) {
	a.mu.Lock()
	result.Quorum, result.Slowest = a.quorum.latency(), a.slowest.latency()
	a.mu.Unlock()
	for i := range a.nodes {
		n := &a.nodes[i]
		n.mu.Lock()
		result.Nodes = append(result.Nodes, NodeResult{
			Addr: health.Nodes[i].Addr, Redis: health.Nodes[i].Version, Idle: Millis(health.Nodes[i].RTT),
			Answer: n.latency.latency(), Refusals: n.refusals, Errors: n.troubles.sorted(),
		})
		n.mu.Unlock()
	}
}
