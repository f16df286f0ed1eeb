package bench

import (
	"fmt"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// result puts together what the processes have found.
func (r *run) result(f *found) *Result {
	all := sum(f.parts)
	result := &Result{
		Schema: Schema, Started: f.started, Interrupted: f.interrupted, Faults: f.faults,
		Load: r.asked(), Environment: r.environment(), Cost: all.Spent.each(all.Completed),
	}
	all.fill(result, r.health)
	result.Memory = memory(result.Series)
	result.Waiting = result.waiting(f.parts, all)
	result.Notes = r.notes(result)
	if f.closing != "" {
		result.Notes = append(result.Notes, f.closing)
	}
	for i, p := range f.parts {
		if p.Closing != "" {
			result.Notes = append(result.Notes, fmt.Sprintf("Process %d: %s", i+1, p.Closing))
		}
	}
	return result
}

// fill puts into the result the figures of the part.
func (p *part) fill(result *Result, health redlock.Health) {
	result.Measured, result.Completed, result.Unfinished = Seconds(p.Measured), p.Completed, p.Unfinished
	if p.Measured > 0 {
		result.PerSecond = float64(p.Completed) / p.Measured.Seconds()
	}
	result.Through, result.Rounds, result.Raises = p.Through, p.Rounds, p.Raises
	result.Lock, result.Unlock, result.Cycle = p.Lock.latency(), p.Unlock.latency(), p.Cycle.latency()
	result.Quorum, result.Slowest = p.Quorum.latency(), p.Slowest.latency()
	result.Errors = p.Troubles
	result.Curves = Curves{Lock: p.Lock.curve(), Unlock: p.Unlock.curve(), Cycle: p.Cycle.curve()}
	if p.Series != nil {
		result.Interval, result.Series = Seconds(p.Series.Interval), p.Series.points(p.Measured)
	}
	for i, n := range p.Nodes {
		result.Nodes = append(result.Nodes, NodeResult{
			Addr: health.Nodes[i].Addr, Redis: health.Nodes[i].Version, Idle: Millis(health.Nodes[i].RTT),
			Answer: n.Answer.latency(), Refusals: n.Refusals, Errors: n.Troubles,
		})
	}
	result.cycle, result.series = p.Cycle, p.Series
}

func (r *run) asked() Load {
	l := Load{
		Model: "closed", Processes: r.cfg.Processes, Workers: r.cfg.Workers, Keys: r.cfg.Keys, Hold: Millis(r.cfg.Hold), TTL: Millis(r.cfg.TTL),
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
		with := "its cores and its memory"
		if r.cfg.Processes > 1 {
			with = "the cores of this machine"
		}
		notes = append(notes, "Not Redis figures: the nodes are miniredis inside this process, which shares "+with+" with the load.")
	}
	if result.Environment.Proxied {
		cost := ", and CPU and allocations to every lock"
		if r.cfg.Processes > 1 {
			cost = ""
		}
		notes = append(notes, "The nodes are behind proxies in this process, which delay needs: they add latency to every command"+cost+".")
	}
	if r.worse != "" {
		notes = append(notes, fmt.Sprintf("The nodes are of kind %s because nothing better runs here (%s).", result.Environment.Kind, r.worse))
	}
	if result.Unfinished > 0 {
		notes = append(notes, fmt.Sprintf("%s still waited for at the end. Their latency is the time that it had taken until then: at least that.", locksWere(result.Unfinished)))
	}
	if result.Through > 0 {
		notes = append(notes, fmt.Sprintf("%s waited for all the time, from the warm-up until the end and beyond, and in no latency.", locksWere(result.Through)))
	}
	if short := time.Duration(result.Measured); short < time.Second {
		notes = append(notes, fmt.Sprintf("Only %s were measured: high percentiles mean little.", Short(short)))
	}
	return notes
}

// Embedded reports whether the figures are not those of Redis.
func (r *Result) Embedded() bool { return r.Environment.Kind == cluster.Embedded }

// locksWere says how many of them.
func locksWere(n int64) string {
	if n == 1 {
		return "1 lock was"
	}
	return fmt.Sprintf("%d locks were", n)
}
