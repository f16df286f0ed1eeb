package main

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// report is docs/BENCHMARKS.md: everything in it comes from the run. svg is the plot's file, empty for none.
func report(run *Run, svg string) string {
	r := &page{run: run, figures: run.Measurements}
	r.head(svg)
	r.targets()
	for _, part := range []struct {
		workload string
		write    func()
	}{
		{throughput, r.throughput}, {latency, r.latency}, {hung, r.hung}, {killed, r.killed},
		{allocs, r.allocs}, {cpu, r.cpu}, {throughput, r.servers}, {links, r.links},
		{oneKey, r.oneKey}, {processes, r.processes}, {handOver, r.handOver}, {killedHolder, r.killedHolder},
	} {
		if r.has(part.workload) || part.workload == latency && r.has(sizes) {
			part.write()
		}
	}
	r.ratios()
	r.subjects()
	r.machine()
	return r.String()
}

// page is a report that is being written.
type page struct {
	strings.Builder
	figures
	run *Run
}

func (r *page) line(format string, args ...any) { fmt.Fprintf(r, format+"\n", args...) }

// table writes a table; the first column is text, the others are numbers.
func (r *page) table(head []string, rows [][]string) {
	r.line("| %s |", strings.Join(head, " | "))
	r.line("|---%s|", strings.Repeat("|---:", len(head)-1))
	for _, row := range rows {
		r.line("| %s |", strings.Join(row, " | "))
	}
	r.line("")
}

func (r *page) head(svg string) {
	r.line("# Benchmarks")
	r.line("")
	r.line("Written by `bench/peers`; do not edit. `make bench-peers` measures again.")
	r.line("")
	s, more := r.run.Settings, ""
	if n := r.roundsOf(latency); n > s.Rounds {
		more = fmt.Sprintf(", %d of one worker's latency", n)
	}
	r.line("The same workloads through this library, through every peer, and through a hand-written client that does only the")
	r.line("bytes, on the same %d nodes (%s), in alternating turns of one run: %s of every workload%s; in", s.Nodes, s.Kind, plural(s.Rounds, "round"), more)
	r.line("every round every subject once. A figure is the median of the rounds, the smallest and the largest in brackets.")
	r.line("")
	if r.run.Settings.Rounds < 5 {
		r.line("**Fewer than five rounds: a trial, no report.**")
		r.line("")
	}
	if svg != "" && r.has(throughput) {
		r.line("![Locks per second, 256 workers](%s)", filepath.Base(svg))
		r.line("")
	}
}

func (r *page) targets() {
	all := targets(r.run)
	if len(all) == 0 {
		return
	}
	r.line("## Targets")
	r.line("")
	r.line("Ratios are medians of pairs (see [below](#how-ratios-are-made)); the median decides whether a target is met. Where the")
	r.line("target is the *largest* of all, the largest decides.")
	r.line("")
	r.line("| what | target | measured | met |")
	r.line("|---|---:|---:|---|")
	for _, t := range all {
		met := "**no**"
		if t.Met() {
			met = "yes"
		}
		if t.Measured.N == 0 {
			met = "not measured"
		}
		r.line("| %s | %s | %s | %s |", t.What, t.wanted(), t.Measured.text(t.Unit), met)
	}
	r.line("")
	r.line("Not measured by this command: memory with a dead node under ten minutes of load; `make bench-memory` prints that.")
	r.line("")
}

func (r *page) throughput() {
	r.line("## Throughput: 256 workers, distinct keys")
	r.line("")
	of := func(subject string) series { return r.of(pick{workload: throughput, subject: subject}, perSecond) }
	var rows [][]string
	for _, k := range r.subjectsOf(throughput) {
		p := pick{workload: throughput, subject: k.Name}
		rows = append(rows, []string{
			k.Name, of(k.Name).spread().text(""),
			ratio(of(k.Name), of(redsyncDefault)).text("×"), ratio(of(k.Name), of(rawPipelined)).text("×"),
			r.of(p, cycleP50).spread().median(), r.of(p, cycleP99).spread().median(),
			r.of(p, cpuPerLock).spread().median(), r.failed(p), fmt.Sprint(r.sum(p, keysLeft)),
		})
	}
	r.table([]string{"subject", "locks/s", "÷ redsync", "÷ raw (64 per write)", "p50 ms", "p99 ms", "client CPU µs/lock", "failed", "keys left"}, rows)
	r.line("Latencies are of lock and unlock together; the raw clients have one worker, and 64 locks share each of the pipelined")
	r.line("one's latencies. *Failed*: cycles that returned an error, of all. *Keys left*: keys that still stood on the nodes after")
	r.line("the client had had %v without load, had closed, and %v more had gone by, all rounds together; they keep", afterwards, lookAgain*looks)
	r.line("others out until they expire.")
	r.line("")
}

func (r *page) latency() {
	r.line("## One worker: lock and unlock, ms")
	r.line("")
	n := r.run.Settings.Nodes
	at := func(subject string, nodes int, figure func(Measurement) float64) series {
		workload := sizes
		if nodes == n || nodes == 1 {
			workload = latency
		}
		return r.of(pick{workload: workload, subject: subject, nodes: nodes}, figure)
	}
	var rows [][]string
	for _, k := range r.subjectsOf(latency, sizes) {
		main := n
		if k.Single {
			main = 1
		}
		rows = append(rows, []string{
			k.Name,
			at(k.Name, main, cycleP50).spread().text(""), at(k.Name, main, cycleP99).spread().median(),
			ratio(at(k.Name, main, cycleP50), at(rawPlain, n, cycleP50)).text("×"),
			at(k.Name, 3, cycleP50).spread().median(), ratio(at(k.Name, 3, cycleP50), at(rawPlain, 3, cycleP50)).text("×"),
			at(k.Name, 7, cycleP50).spread().median(), ratio(at(k.Name, 7, cycleP50), at(rawPlain, 7, cycleP50)).text("×"),
		})
	}
	r.table([]string{"subject", fmt.Sprintf("p50, %d nodes", n), fmt.Sprintf("p99, %d nodes", n), "p50 ÷ raw", "p50, 3 nodes", "÷ raw", "p50, 7 nodes", "÷ raw"}, rows)
}

func (r *page) hung() {
	r.fault(hung, "One node hung, 64 workers", "One node is stopped (SIGSTOP): its connections stay open and nothing answers.")
}

func (r *page) killed() {
	minority := (r.run.Settings.Nodes - 1) / 2
	r.fault(killed, fmt.Sprintf("%d of %d nodes killed, 64 workers", minority, r.run.Settings.Nodes), "They are killed as by SIGKILL, and refuse connections.")
}

func (r *page) fault(fault, title, what string) {
	r.line("## %s", title)
	r.line("")
	r.line("%s Measured from the first command on that meets the fault, against the same clients before it.", what)
	r.line("")
	var rows [][]string
	for _, k := range r.subjectsOf(fault) {
		before, now := pick{workload: fault, state: healthy, subject: k.Name}, pick{workload: fault, state: fault, subject: k.Name}
		rows = append(rows, []string{
			k.Name,
			r.of(before, perSecond).spread().median(), r.of(now, perSecond).spread().text(""),
			ratio(r.of(before, perSecond), r.of(now, perSecond)).text("×"),
			r.of(before, cycleP99).spread().median(), r.of(now, cycleP99).spread().text(""),
			ratio(r.of(now, cycleP99), r.of(before, cycleP99)).text("×"), r.failed(now),
		})
	}
	r.table([]string{"subject", "locks/s healthy", "locks/s then", "healthy ÷ then", "p99 ms healthy", "p99 ms then", "then ÷ healthy", "failed"}, rows)
}

func (r *page) allocs() {
	r.line("## Memory: allocations of the client for each lock and unlock")
	r.line("")
	var rows [][]string
	for _, k := range r.subjectsOf(allocs) {
		one, many := pick{workload: allocs, subject: k.Name, workers: 1}, pick{workload: allocs, subject: k.Name, workers: 256}
		rows = append(rows, []string{
			k.Name, r.of(one, mallocs).spread().text(""), r.of(one, byteCount).spread().text(""),
			r.of(many, mallocs).spread().text(""), r.of(many, byteCount).spread().text(""),
		})
	}
	r.table([]string{"subject", "allocations, 1 worker", "bytes, 1 worker", "allocations, 256 workers", "bytes, 256 workers"}, rows)
}

func (r *page) cpu() {
	r.line("## CPU of the client for each lock and unlock, 64 workers, µs")
	r.line("")
	var rows [][]string
	for _, k := range r.subjectsOf(cpu) {
		at := func(nodes int) series { return r.of(pick{workload: cpu, subject: k.Name, nodes: nodes}, cpuPerLock) }
		rows = append(rows, []string{
			k.Name, at(3).spread().text(""), at(5).spread().text(""), at(7).spread().text(""), at(9).spread().text(""),
			ratio(at(9), at(3)).text("×"),
		})
	}
	r.table([]string{"subject", "3 nodes", "5 nodes", "7 nodes", "9 nodes", "9 ÷ 3"}, rows)
	r.line("User and system time of the client's process. Linear growth from 3 to 9 nodes would be 3×.")
	r.line("")
}

// servers is what a lock costs the nodes.
func (r *page) servers() {
	if !slices.ContainsFunc(r.run.Measurements, func(m Measurement) bool { return m.ServerCPU > 0 }) {
		return
	}
	r.line("## CPU of each node for each lock and unlock, µs")
	r.line("")
	n := r.run.Settings.Nodes
	of := func(workload, subject string) series {
		return r.of(pick{workload: workload, subject: subject, nodes: n}, func(m Measurement) float64 { return m.ServerCPU })
	}
	var rows [][]string
	for _, k := range r.subjectsOf(throughput) {
		if k.Single {
			continue
		}
		rows = append(rows, []string{
			k.Name, of(latency, k.Name).spread().text(""), ratio(of(latency, k.Name), of(latency, rawPlain)).text("×"),
			of(throughput, k.Name).spread().text(""), ratio(of(throughput, k.Name), of(throughput, rawPipelined)).text("×"),
		})
	}
	r.table([]string{"subject", "one worker", "÷ raw", "under load", "÷ raw (64 per write)"}, rows)
	r.line("User and system time of a node's process, by its own word, with what the system does for it on the way: most of what a")
	r.line("command costs that comes alone. *Under load*: 256 workers, or 64 locks in each write. `SET NX PX` and the release of the")
	r.line("raw client cost least; what `grants.lua` costs beyond that buys fences, deadlines, and votes that survive a loss of memory.")
	r.line("")
}

func (r *page) links() {
	n := r.run.Settings.Nodes
	var far []string
	for _, d := range delays(n) {
		far = append(far, fmt.Sprint(d.Milliseconds()))
	}
	near, most := 2*quorumth(n), 2*slowest(n)
	r.line("## Slow links: one worker")
	r.line("")
	r.line("Nodes %s ms away (round trip, by a proxy). Lock and unlock take two round trips at least: to the quorum-th fastest", strings.Join(far, ", "))
	r.line("node that is %v, to the slowest %v.", near, most)
	r.line("")
	var rows [][]string
	for _, k := range r.subjectsOf(links) {
		p50 := r.of(pick{workload: links, subject: k.Name}, cycleP50)
		against := func(d time.Duration) string {
			return r.of(pick{workload: links, subject: k.Name}, func(m Measurement) float64 { return m.CycleP50 / ms(d) }).spread().median() + "×"
		}
		rows = append(rows, []string{k.Name, p50.spread().text(""), against(near), against(most)})
	}
	r.table([]string{"subject", "p50 ms", "÷ quorum-th", "÷ slowest"}, rows)
}

// subjectsOf returns the subjects that were measured in any of the workloads, in the order of the tables.
func (r *page) subjectsOf(workloads ...string) []Kind {
	var some []Kind
	for _, k := range kinds {
		for _, w := range workloads {
			if len(r.of(pick{workload: w, subject: k.Name}, perSecond)) > 0 {
				some = append(some, k)
				break
			}
		}
	}
	return some
}

func (r *page) took(subject string) bool {
	for _, m := range r.figures {
		if m.Subject == subject {
			return true
		}
	}
	return false
}

// failed is how many cycles failed, of how many: as a share when there are any.
func (r *page) failed(p pick) string {
	bad, good := r.sum(p, failures), r.sum(p, locks)
	if bad == 0 {
		return "0"
	}
	return fmt.Sprintf("%d (%.2g %%)", bad, 100*float64(bad)/float64(bad+good))
}
