package main

import (
	"encoding/xml"
	"errors"
	"flag"
	"io"
	"os"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write testdata again")

// madeUp is a run of three rounds whose figures are easy to check by hand.
func madeUp() *Run {
	run := &Run{
		Machine:  Machine{CPU: "Made-up CPU", Cores: 2, System: "Linux 6.1, amd64", Go: "go1.26.0", Redis: "7.0.15"},
		Settings: full, Began: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Took: 20*time.Minute + 5*time.Second,
		LeftOut: []string{"raw grants.lua: left out: no text of grants.lua"},
	}
	add := func(m Measurement, figures ...Measurement) {
		for round, f := range figures {
			f.Workload, f.State, f.Subject, f.Nodes, f.Workers, f.Round = m.Workload, m.State, m.Subject, m.Nodes, m.Workers, round
			f.Locks = max(f.Locks, 1000)
			run.Measurements = append(run.Measurements, f)
		}
	}
	rates := func(workload, state, subject string, nodes int, perSecond ...float64) {
		var figures []Measurement
		for i, f := range perSecond {
			figures = append(figures, Measurement{
				PerSecond: f, CycleP50: 64e3 / f, CycleP99: 128e3 / f, CPU: 1e6 / f,
				WaitMean: 8, WaitP50: 1, WaitP99: 20, WaitP9999: 24, WaitMax: 30 + float64(i),
				Allocs: 30 + float64(i), Bytes: 4000 + 100*float64(i),
			})
		}
		add(Measurement{Workload: workload, State: state, Subject: subject, Nodes: nodes, Workers: 64}, figures...)
	}
	// Plain ÷ redsync: 12, 9 and 15; the median of the pairs is 12, though 60 000 ÷ 4 000 would be 15.
	rates(throughput, healthy, oursPlain, 5, 60_000, 36_000, 60_000)
	rates(throughput, healthy, oursFenced, 5, 24_000, 20_000, 24_000)
	rates(throughput, healthy, redsyncDefault, 5, 5_000, 4_000, 4_000)
	rates(throughput, healthy, redsyncRueidis, 5, 10_000, 9_000, 9_500)
	rates(throughput, healthy, redisLock, 1, 40_000, 40_000, 40_000)
	rates(throughput, healthy, rawPipelined, 5, 80_000, 72_000, 76_000)
	run.Measurements[7].Failed, run.Measurements[7].KeysLeft = 10, 12
	for _, nodes := range []int{3, 5, 7} {
		workload := sizes
		if nodes == 5 {
			workload = latency
		}
		lone := func(subject string, p50 ...float64) {
			var figures []Measurement
			for _, f := range p50 {
				figures = append(figures, Measurement{PerSecond: 1000 / f, CycleP50: f, CycleP99: 3 * f})
			}
			add(Measurement{Workload: workload, State: healthy, Subject: subject, Nodes: nodes, Workers: 1}, figures...)
		}
		x := float64(nodes) / 50
		lone(oursPlain, 1.4*x, 1.3*x, 1.5*x)
		lone(oursFenced, 1.9*x, 1.9*x, 2*x)
		lone(rawPlain, x, x, x)
	}
	for _, fault := range []string{hung, killed} {
		rates(fault, healthy, oursPlain, 5, 30_000, 30_000, 30_000)
		rates(fault, fault, oursPlain, 5, 30_000, 20_000, 29_000)
		rates(fault, healthy, redsyncDefault, 5, 4_000, 4_000, 4_000)
		rates(fault, fault, redsyncDefault, 5, 10, 10, 10)
	}
	for _, workers := range []int{1, 256} {
		add(Measurement{Workload: allocs, State: healthy, Subject: oursPlain, Nodes: 5, Workers: workers},
			Measurement{Allocs: 30, Bytes: 5000}, Measurement{Allocs: 31, Bytes: 5001}, Measurement{Allocs: 30, Bytes: 4096})
	}
	for i, nodes := range []int{3, 5, 7, 9} {
		rates(cpu, healthy, oursPlain, nodes, 50_000/float64(i+1), 40_000/float64(i+1), 50_000/float64(i+1))
	}
	add(Measurement{Workload: links, State: slow, Subject: oursPlain, Nodes: 5, Workers: 1},
		Measurement{PerSecond: 45, CycleP50: 22}, Measurement{PerSecond: 43, CycleP50: 23}, Measurement{PerSecond: 45, CycleP50: 22})
	for i := range run.Measurements {
		if m := &run.Measurements[i]; m.Workload == throughput || m.Workload == latency {
			m.ServerCPU = 7 + float64(i)
		}
	}
	rates(oneKey, healthy, oursPlain, 5, 3_000, 3_000, 3_300)
	rates(oneKey, healthy, redsyncDefault, 5, 1_500, 2_000, 1_500)
	rates(oneKey, healthy, rueidisLock, 5, 1_000, 1_000, 1_100)
	rates(oneKey, healthy, oursFenced, 5, 90_000, 120_000, 60_000)
	add(Measurement{Workload: stalls, State: healthy, Subject: bystander, Workers: 2},
		Measurement{StallMax: 2.5}, Measurement{StallMax: 1}, Measurement{StallMax: 4})
	several := func(workload, subject string, perSecond ...float64) {
		var figures []Measurement
		for i, f := range perSecond {
			x := float64(i)
			figures = append(figures, Measurement{
				Processes: 8, PerSecond: f, WaitP50: 5, WaitP99: 40 + 5*x, WaitMax: 60 + x, LeastShare: 0.5 + x/10, JainProc: 0.9 + x/100, JainWorker: 0.8,
				PassP50: 1 + x/10, PassP99: 2 + x, PassMax: 1900 + 75*x, LockP50: 0.5, LockP99: 1, RestedP50: 0.8, Locks: 3,
			})
		}
		add(Measurement{Workload: workload, State: healthy, Subject: subject, Nodes: 5, Workers: 64}, figures...)
	}
	several(processes, oursFenced, 12_000, 10_000, 9_000)
	several(processes, redsyncDefault, 1_000, 1_000, 1_200)
	several(handOver, oursFenced, 19, 18, 19)
	several(handOver, redsyncDefault, 6, 7, 6)
	several(killedHolder, oursFenced, 0.4, 0.4, 0.5)
	run.Measurements[len(run.Measurements)-1].TooEarly = 1
	return run
}

// The report says what was measured, and nothing else: read the difference before you commit it.
func TestReport(t *testing.T) {
	const file = "testdata/report.md"
	got := report(madeUp(), "elsewhere/benchmarks.svg")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("the report has changed; with -update it is written again\n%s", got)
	}
}

// Workloads that did not run have neither a part nor a target.
func TestReportOfPart(t *testing.T) {
	run := madeUp()
	var some []Measurement
	for _, m := range run.Measurements {
		if m.Workload == allocs {
			some = append(some, m)
		}
	}
	run.Measurements = some
	text := report(run, "x.svg")
	for _, word := range []string{"Throughput", "hung, 64", "x.svg", "NaN", "Inf"} {
		if strings.Contains(text, word) {
			t.Errorf("%q is in\n%s", word, text)
		}
	}
	if strings.Contains(text, "trial") || !strings.Contains(report(&Run{Settings: quick}, ""), "a trial, no report") {
		t.Error("what is a trial must say so, and a report must not")
	}
	if got := len(targets(run)); got != 8 {
		t.Errorf("%d targets, want 8", got)
	}
	if text := report(&Run{Settings: quick}, ""); strings.Contains(text, "## Targets") {
		t.Errorf("targets of nothing:\n%s", text)
	}
}

// The plot is well-formed, and names every subject that was measured.
func TestPlot(t *testing.T) {
	svg, err := plotThroughput(madeUp())
	if err != nil {
		t.Fatal(err)
	}
	for d := xml.NewDecoder(strings.NewReader(string(svg))); ; {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{oursPlain, oursFenced, redsyncDefault, redsyncRueidis, redisLock, rawPipelined} {
		if !strings.Contains(string(svg), ">"+name+"<") {
			t.Errorf("%s is not there", name)
		}
	}
	if _, err := plotThroughput(&Run{}); err != nil {
		t.Errorf("of nothing: %v", err)
	}
}

// A number shows three digits that count.
func TestNumber(t *testing.T) {
	for f, want := range map[float64]string{
		0: "0", 0.04321: "0.043", 0.7: "0.7", 1: "1", 1.25: "1.25", 9.99: "9.99", 9.996: "10", 12.34: "12.3", 99.96: "100",
		4096: "4096", 9999.6: "10 000", 12345: "12 350", 60000: "60 000", 100040: "100 040", 1234567: "1234 570",
	} {
		if got := number(f); got != want {
			t.Errorf("%v: got %q, want %q", f, got, want)
		}
	}
}
