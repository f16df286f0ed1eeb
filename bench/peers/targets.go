package main

import (
	"fmt"
	"slices"
	"time"
)

// Target is one line of the table of targets.
type Target struct {
	What     string
	Bound    float64
	AtLeast  bool // else at most
	Measured Spread
	Unit     string
}

// Met reports whether the median keeps the bound; not when nothing was measured.
func (t Target) Met() bool {
	if t.Measured.N == 0 {
		return false
	}
	if t.AtLeast {
		return t.Measured.Median >= t.Bound
	}
	return t.Measured.Median <= t.Bound
}

func (t Target) wanted() string {
	sign := "≤"
	if t.AtLeast {
		sign = "≥"
	}
	return fmt.Sprintf("%s %s%s", sign, number(t.Bound), t.Unit)
}

// targets compares the run with what was promised; without workloads that did not run.
func targets(run *Run) []Target {
	f, n := figures(run.Measurements), run.Settings.Nodes
	var all []Target
	add := func(workload string, t ...Target) {
		if f.has(workload) {
			all = append(all, t...)
		}
	}
	fast := func(subject string) series { return f.of(pick{workload: throughput, subject: subject}, perSecond) }
	p50 := func(subject string) series { return f.of(pick{workload: latency, subject: subject}, cycleP50) }

	add(throughput,
		atLeast(10, "256 workers, distinct keys: Plain ÷ redsync", ratio(fast(oursPlain), fast(redsyncDefault))),
		atLeast(5, "256 workers, distinct keys: Plain ÷ redsync over rueidis", ratio(fast(oursPlain), fast(redsyncRueidis))),
		atLeast(0.7, "256 workers, distinct keys: Plain ÷ raw (64 per write)", ratio(fast(oursPlain), fast(rawPipelined))),
		atLeast(0.5, "256 workers, distinct keys: Fenced ÷ Plain", ratio(fast(oursFenced), fast(oursPlain))))
	add(latency,
		atMost(1.5, "one worker, p50 of lock and unlock: Plain ÷ raw", ratio(p50(oursPlain), p50(rawPlain))),
		atMost(1.8, "one worker, p50 of lock and unlock: Fenced ÷ raw", ratio(p50(oursFenced), p50(rawPlain))))
	for _, fault := range []string{hung, killed} {
		what := map[string]string{hung: "one node hung", killed: "a minority killed"}[fault]
		for _, subject := range []string{oursPlain, oursFenced} {
			before, now := pick{workload: fault, state: healthy, subject: subject}, pick{workload: fault, state: fault, subject: subject}
			add(fault,
				atMost(1.25, fmt.Sprintf("%s, 64 workers: throughput healthy ÷ then, %s", what, short(subject)), ratio(f.of(before, perSecond), f.of(now, perSecond))),
				atMost(1.25, fmt.Sprintf("%s, 64 workers: p99 then ÷ healthy, %s", what, short(subject)), ratio(f.of(now, cycleP99), f.of(before, cycleP99))))
		}
	}
	for _, subject := range []string{oursPlain, oursFenced} {
		for _, workers := range []int{1, 256} {
			p := pick{workload: allocs, subject: subject, workers: workers}
			add(allocs,
				atMost(40, fmt.Sprintf("allocations for each lock and unlock, %s, %s", short(subject), plural(workers, "worker")), f.of(p, mallocs).spread()),
				Target{What: fmt.Sprintf("bytes for each lock and unlock, %s, %s", short(subject), plural(workers, "worker")), Bound: 4096, Unit: " B", Measured: f.of(p, byteCount).spread()})
		}
	}
	for _, subject := range []string{oursPlain, oursFenced} {
		at := func(nodes int) series { return f.of(pick{workload: cpu, subject: subject, nodes: nodes}, cpuPerLock) }
		add(cpu, atMost(3, "CPU per lock, 9 nodes ÷ 3 nodes (linear is 3), "+short(subject), ratio(at(9), at(3))))
	}
	for _, subject := range []string{oursPlain, oursFenced} {
		p := pick{workload: links, subject: subject}
		add(links, atMost(1.25, "slow links: p50 ÷ two round trips to the quorum-th fastest node, "+short(subject),
			f.of(p, func(m Measurement) float64 { return m.CycleP50 / (2 * ms(quorumth(n))) }).spread()))
	}
	return all
}

func atLeast(bound float64, what string, measured Spread) Target {
	return Target{What: what, Bound: bound, AtLeast: true, Measured: measured, Unit: "×"}
}

func atMost(bound float64, what string, measured Spread) Target {
	t := Target{What: what, Bound: bound, Measured: measured, Unit: "×"}
	if bound == 40 {
		t.Unit = ""
	}
	return t
}

// quorumth is the round trip to the quorum-th fastest node on slow links, and slowest that to the slowest.
func quorumth(nodes int) time.Duration { return delays(nodes)[nodes/2] }
func slowest(nodes int) time.Duration  { return delays(nodes)[nodes-1] }

func delays(nodes int) []time.Duration {
	all := make([]time.Duration, nodes)
	for i := range all {
		all[i] = linkDelays[i%len(linkDelays)]
	}
	slices.Sort(all)
	return all
}

// short is a subject of ours without our name.
func short(subject string) string { return subject[len("quorumlock "):] }

func plural(count int, what string) string {
	if count == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", count, what)
}
