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
	Largest  bool // of all is meant, not the median
	Measured Spread
	Unit     string
}

// Met reports whether the median, or the largest, keeps the bound; not when nothing was measured.
func (t Target) Met() bool {
	if t.Measured.N == 0 {
		return false
	}
	if t.Largest {
		return t.Measured.Max <= t.Bound
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
	return append(all, contentionTargets(f, run.Settings)...)
}

// contentionTargets are those of the workloads on one key.
func contentionTargets(f figures, s Settings) []Target {
	var all []Target
	add := func(workload string, t ...Target) {
		if f.has(workload) {
			all = append(all, t...)
		}
	}
	of := func(workload, subject string, figure func(Measurement) float64) series {
		return f.of(pick{workload: workload, subject: subject}, figure)
	}
	fenced := func(workload string, figure func(Measurement) float64) series {
		return of(workload, oursFenced, figure)
	}
	add(oneKey,
		atLeast(50, "one key, 64 workers: hand-overs/s, Fenced ÷ redsync", ratio(fenced(oneKey, perSecond), of(oneKey, redsyncDefault, perSecond))),
		atLeast(10, "one key, 64 workers: hand-overs/s, Fenced ÷ rueidislock", ratio(fenced(oneKey, perSecond), of(oneKey, rueidisLock, perSecond))),
		atMost(4, "one key, 64 workers: worst wait ÷ mean wait, Fenced", ratio(fenced(oneKey, waitMax), fenced(oneKey, waitMean))))
	add(processes,
		atLeast(10, "one key, 8 processes of 8 workers: hand-overs/s, Fenced ÷ redsync", ratio(fenced(processes, perSecond), of(processes, redsyncDefault, perSecond))),
		atMost(10, "one key, 8 processes of 8 workers: p99 wait ÷ median wait, Fenced", ratio(fenced(processes, waitP99), fenced(processes, waitP50))),
		atLeast(0.5, "one key, 8 processes of 8 workers: smallest share of a process ÷ its fair share, Fenced", fenced(processes, smallest).spread()))
	add(handOver,
		atMost(2.5, "hand-over to another process ÷ one Lock that nobody else wants, each after 50 ms in which nothing happened, p50, Fenced",
			ratio(fenced(handOver, passP50), fenced(handOver, restedP50))))
	for _, subject := range []string{oursPlain, oursFenced} {
		p := pick{workload: killedHolder, subject: subject}
		add(killedHolder,
			Target{
				What:  fmt.Sprintf("holder killed: largest time until another one's Lock returns, less the TTL of %v and the p99 of one Lock, %s", s.KilledTTL, short(subject)),
				Bound: ms(killedSlack), Largest: true, Unit: " ms", Measured: f.of(p, func(m Measurement) float64 { return m.PassMax - m.LockP99 - ms(s.KilledTTL) }).spread(),
			},
			Target{
				What:    "holder killed: largest number of Locks in a turn that returned before the dead holder's window had closed, " + short(subject),
				Largest: true, Measured: f.of(p, func(m Measurement) float64 { return float64(m.TooEarly) }).spread(),
			})
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
