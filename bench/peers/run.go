package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/cluster"
)

// Settings are how long and how often a run measures.
type Settings struct {
	Kind   cluster.Kind  `json:"kind"`
	Nodes  int           `json:"nodes"`
	Rounds int           `json:"rounds"`  // see rounds
	Warm   time.Duration `json:"warm_ns"` // before each turn: connections open, scripts load
	Turn   time.Duration `json:"turn_ns"`
	Fault  time.Duration `json:"fault_ns"` // turns on nodes that are hung or killed, and before that
	OneKey time.Duration `json:"one_key_ns"`

	// Of the workloads with clients in several processes.
	Processes time.Duration `json:"processes_ns"`  // a turn
	HandOver  time.Duration `json:"hand_over_ns"`  // a turn
	Alone     int           `json:"alone"`         // so many locks that nobody else wants, to know what a round takes
	Kills     int           `json:"kills"`         // of holders in a turn
	KilledTTL time.Duration `json:"killed_ttl_ns"` // of the holders that are killed
}

// rounds returns how many rounds a workload has: latency three times as many as others, because its times vary more from turn
// to turn than subjects differ.
func (s Settings) rounds(workload string) int {
	if workload == latency {
		return 3 * s.Rounds
	}
	return s.Rounds
}

// full and quick are the settings without and with -quick.
var (
	full = Settings{
		Kind: cluster.Process, Nodes: 5, Rounds: 5,
		Warm: 400 * time.Millisecond, Turn: 1500 * time.Millisecond, Fault: 3 * time.Second, OneKey: 3 * time.Second,
		Processes: 10 * time.Second, HandOver: 5 * time.Second, Alone: 200, Kills: 3, KilledTTL: 2 * time.Second,
	}
	quick = Settings{
		Kind: cluster.Process, Nodes: 5, Rounds: 2,
		Warm: 50 * time.Millisecond, Turn: 100 * time.Millisecond, Fault: 200 * time.Millisecond, OneKey: 200 * time.Millisecond,
		Processes: 300 * time.Millisecond, HandOver: 300 * time.Millisecond, Alone: 20, Kills: 1, KilledTTL: 500 * time.Millisecond,
	}
)

// Run is everything that a run found out.
type Run struct {
	Machine      Machine       `json:"machine"`
	Settings     Settings      `json:"settings"`
	Began        time.Time     `json:"began"`
	Took         time.Duration `json:"took_ns"`
	Measurements []Measurement `json:"measurements"`
	LeftOut      []string      `json:"left_out,omitempty"` // subjects that could not run, and why
}

// errLeftOut: a subject cannot run here, which is said in the report and is no failure of the run.
var errLeftOut = errors.New("left out")

// workloads are what can be measured, in order.
var workloads = []struct {
	name string
	run  func(*bench, context.Context) error
}{
	{throughput, (*bench).throughput},
	{latency, (*bench).latency},
	{sizes, (*bench).sizes},
	{hung, (*bench).hung},
	{killed, (*bench).killed},
	{allocs, (*bench).allocs},
	{cpu, (*bench).cpu},
	{links, (*bench).links},
	{oneKey, (*bench).oneKey},
	{processes, (*bench).processes},
	{handOver, (*bench).handOver},
	{killedHolder, (*bench).killedHolder},
}

// linkDelays are the round trips of the nodes on slow links; with more nodes they begin again.
var linkDelays = []time.Duration{
	time.Millisecond, 5 * time.Millisecond, 10 * time.Millisecond, 20 * time.Millisecond, 40 * time.Millisecond,
}

// bench is a run under way. For one goroutine.
type bench struct {
	nodes *nodes
	run   *Run
	grant string // the text of grants.lua
	only  []Kind // the subjects of this run
	logf  func(format string, args ...any)
	turns int // that have got keys
}

// conduct starts the nodes, runs the workloads of these names, and stops the nodes.
func conduct(ctx context.Context, s Settings, names []string, subjects []Kind, grant string, logf func(string, ...any)) (run *Run, err error) {
	redis.SetLogger(silence{}) // or every dial that fails would be a line, whoever made the client
	run = &Run{Settings: s, Began: time.Now()}
	b := &bench{run: run, grant: grant, only: subjects, logf: logf}
	count := s.Nodes
	if slices.Contains(names, sizes) {
		count = max(count, 7)
	}
	if slices.Contains(names, cpu) {
		count = max(count, 9)
	}
	logf("%d nodes, %s", count, s.Kind)
	if b.nodes, err = startNodes(ctx, s.Kind, count, false, logf); err != nil {
		return run, err
	}
	defer func() { err = errors.Join(err, b.nodes.close()) }()
	run.Machine = thisMachine(b.nodes.version(ctx))
	for _, w := range workloads {
		if !slices.Contains(names, w.name) {
			continue
		}
		if err := w.run(b, ctx); err != nil {
			return run, fmt.Errorf("%s: %w", w.name, err)
		}
	}
	run.Took = time.Since(run.Began)
	return run, ctx.Err()
}

// afterwards is how long a client may go on in the background before it is closed: some do not wait for all releases.
const afterwards = 100 * time.Millisecond

// silence is a go-redis logger.
type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}

// turn is what one subject does in one round of a workload.
type turn struct {
	kind     Kind
	workload string
	nodes    int
	load     Load
}

// newTurn returns a turn of k with workers on distinct keys.
func (b *bench) newTurn(workload string, k Kind, nodes, workers int) turn {
	if k.Limit {
		workers = 1
	}
	return turn{kind: k, workload: workload, nodes: nodes, load: Load{
		Workers: workers, For: b.run.Settings.Turn, Record: true, Locked: k.Limit, Batch: k.batch(),
	}}
}

// rounds runs every turn once in each round, in rotated order, and each on clients of its own.
func (b *bench) rounds(ctx context.Context, turns []turn) error {
	return b.alternate(turns, func(t turn, round int) error { return b.take(ctx, b.nodes, t, round, healthy) })
}

// alternate has every turn taken once in each round, in rotated order; all are of one workload.
func (b *bench) alternate(turns []turn, take func(t turn, round int) error) error {
	if len(turns) == 0 { // none of the subjects that were chosen is in it
		return nil
	}
	total := b.run.Settings.rounds(turns[0].workload)
	for round := range total {
		for i := range turns {
			if err := take(turns[(i+round*max(len(turns), total)/total)%len(turns)], round); err != nil {
				return err
			}
		}
	}
	return nil
}

// take opens the turn's subject, warms it up, measures, closes it, and clears up behind it.
func (b *bench) take(ctx context.Context, on *nodes, t turn, round int, state string) error {
	s, err := t.kind.Open(ctx, b.site(on, t))
	if errors.Is(err, errLeftOut) {
		b.leaveOut(t.kind, err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("%s: %w", t.kind.Name, err)
	}
	var name string
	t.load.Keys, name = b.keys(t.load)
	warm := t.load
	warm.For = b.run.Settings.Warm
	_, err = drive(ctx, s, warm)
	var y Yield
	var served time.Duration
	if err == nil {
		runtime.GC()
		before, _ := on.cpu(ctx, t.nodes) // what a node does not tell is not measured
		y, err = drive(ctx, s, t.load)
		pause(ctx, afterwards)
		if after, told := on.cpu(ctx, t.nodes); told == nil && before > 0 {
			served = after - before
		}
	}
	s.Close()
	if err != nil {
		return err
	}
	m := b.note(t, round, state, y)
	if m.Locks > 0 && !t.kind.Single {
		m.ServerCPU = float64(served.Microseconds()) / float64(m.Locks*t.nodes)
	}
	if m.KeysLeft, err = on.left(ctx, name); err != nil {
		return err
	}
	b.run.Measurements = append(b.run.Measurements, m)
	return on.flush(ctx)
}

func (b *bench) site(on *nodes, t turn) Site {
	return Site{Addrs: on.cluster.Addrs()[:t.nodes], Workers: t.load.Workers, Grant: b.grant}
}

func (b *bench) leaveOut(k Kind, why error) {
	text := fmt.Sprintf("%s: %v", k.Name, why)
	if !slices.Contains(b.run.LeftOut, text) {
		b.run.LeftOut = append(b.run.LeftOut, text)
		b.logf("%s", text)
	}
}

// note puts a yield into numbers, and tells.
func (b *bench) note(t turn, round int, state string, y Yield) Measurement {
	nodes := t.nodes
	if t.kind.Single {
		nodes = 1
	}
	m := measured(Measurement{
		Workload: t.workload, State: state, Subject: t.kind.Name, Round: round, Nodes: nodes, KeysLeft: -1,
	}, y, t.load)
	failed := ""
	if m.Failed > 0 {
		failed = fmt.Sprintf(", %d failed: %s", m.Failed, m.Failure)
	}
	figures := fmt.Sprintf("p50 %.3f ms, p99 %.3f ms", m.CycleP50, m.CycleP99)
	if !t.load.Record {
		figures = fmt.Sprintf("%.1f allocations, %.0f B, %.1f µs CPU for each", m.Allocs, m.Bytes, m.CPU)
	}
	b.logf("%s %d/%d, %s %s, %s, %s: %.0f locks/s, %s%s", t.workload, round+1, b.run.Settings.rounds(t.workload),
		plural(nodes, "node"), state, plural(m.Workers, "worker"), t.kind.Name, m.PerSecond, figures, failed)
	return m
}

// keys returns fresh keys, and what their names have in common: what a subject left in an earlier turn, perhaps on a
// node that cannot be emptied now, is in nobody's way.
func (b *bench) keys(load Load) (keys [][]string, name string) {
	b.turns++
	name = fmt.Sprintf("bench/%04d", b.turns)
	if load.One {
		return same(name, load.Workers), name
	}
	return distinct(name, load.Workers), name
}

// these returns those of the run's subjects that have one of the names.
func (b *bench) these(names ...string) []Kind {
	return slices.DeleteFunc(kindsNamed(names...), func(k Kind) bool {
		return !slices.ContainsFunc(b.only, func(o Kind) bool { return o.Name == k.Name })
	})
}
