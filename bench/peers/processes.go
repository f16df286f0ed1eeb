package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"
)

// How many processes, and workers in each, want the same key.
const (
	processCount   = 8
	processWorkers = 8
)

// start is how long after their order processes begin, all at the same instant.
const start = 100 * time.Millisecond

// oneKeyed are the subjects of the workloads on one key.
var oneKeyed = []string{oursPlain, oursFenced, redsyncDefault, redsyncFast, rueidisLock}

// processes: 8 processes with 8 workers each want the same key.
func (b *bench) processes(ctx context.Context) error {
	s := b.run.Settings
	return b.between(ctx, processes, processCount, processWorkers, s.Warm+s.Processes+grace, b.these(oneKeyed...), b.contend)
}

// errand is a turn whose clients are in processes of their own.
type errand struct {
	turn
	name    string // what the names of its keys begin with
	opening Opening
	clock   clock
}

// between runs rounds of a workload with so many processes, and so many workers in each. run measures one turn, which may
// take so long, and has ended all processes when it returns.
func (b *bench) between(
	ctx context.Context, workload string, count, workers int, length time.Duration, kinds []Kind,
	run func(ctx context.Context, e errand) (Measurement, error),
) error {
	var turns []turn
	for _, k := range kinds {
		turns = append(turns, b.newTurn(workload, k, b.run.Settings.Nodes, count*workers))
	}
	return b.alternate(turns, func(t turn, round int) error {
		t.load.One = true
		_, name := b.keys(t.load)
		site := b.site(b.nodes, t)
		bound := length + patience
		bounded, cancel := context.WithTimeoutCause(ctx, bound, fmt.Errorf("a turn was not over after %v", bound))
		defer cancel()
		m, err := run(bounded, errand{turn: t, name: name, clock: newClock(), opening: Opening{
			Subject: t.kind.Name, Addrs: site.Addrs, Workers: workers, Key: name,
		}})
		if err != nil {
			// When the context has ended, the children have, and speak of nothing else.
			return fmt.Errorf("%s: %w", t.kind.Name, cmp.Or(ctx.Err(), context.Cause(bounded), err))
		}
		m.Workload, m.State, m.Subject, m.Round, m.Nodes = workload, healthy, t.kind.Name, round, t.nodes
		m.Processes, m.Workers = count, count*workers
		if m.KeysLeft, err = b.nodes.left(ctx, name); err != nil {
			return err
		}
		b.run.Measurements = append(b.run.Measurements, m)
		b.tell(m)
		return b.nodes.flush(ctx)
	})
}

// contend is one turn of processes.
func (b *bench) contend(ctx context.Context, e errand) (Measurement, error) {
	s := b.run.Settings
	c, err := gather(ctx, processCount, e.opening)
	if err != nil {
		return Measurement{}, err
	}
	defer c.dismiss()
	from := e.clock.now() + start
	begin := from + s.Warm
	end := begin + s.Processes
	for _, p := range c {
		if err := p.tell(Order{Do: doContend, Key: e.name, From: from, End: end}); err != nil {
			return Measurement{}, err
		}
	}
	replies := make([]Reply, len(c))
	for i, p := range c {
		if replies[i], err = p.hear(); err != nil {
			return Measurement{}, err
		}
	}
	return contended(replies, begin, end), c.end()
}

// contended puts what the processes have said into numbers.
func contended(replies []Reply, begin, end time.Duration) Measurement {
	m := Measurement{Seconds: (end - begin).Seconds()}
	var holds [][][]Hold
	failed := map[string]int{}
	for _, r := range replies {
		holds = append(holds, r.Holds)
		for text, count := range r.Failed {
			failed[text] += count
			m.Failed += count
		}
	}
	m.Failure = commonest(failed)
	all := merge(holds)
	m.Overlaps = overlapping(all)
	m.Counts = within(holds, begin, end)
	shares := sums(m.Counts)
	m.LeastShare, m.JainProc, m.JainWorker = leastShare(shares), jain(shares), jain(slices.Concat(m.Counts...))
	m.Locks = sums([][]int{shares})[0]
	m.PerSecond = float64(m.Locks) / m.Seconds
	return m.waited(waits(all, begin, end))
}

// tell tells of a turn whose clients are in processes of their own.
func (b *bench) tell(m Measurement) {
	figures := fmt.Sprintf("%.0f locks/s, wait p50 %.3f ms, p99 %.3f ms", m.PerSecond, m.WaitP50, m.WaitP99)
	if m.PassP50 > 0 {
		figures = fmt.Sprintf("%d passed on, p50 %.3f ms, max %.3f ms; lock p50 %.3f ms", m.Locks, m.PassP50, m.PassMax, m.LockP50)
	}
	failed := ""
	if m.Failed > 0 {
		failed = fmt.Sprintf(", %d failed: %s", m.Failed, m.Failure)
	}
	b.logf("%s %d/%d, %s %s, %s, %s: %s%s", m.Workload, m.Round+1, b.run.Settings.rounds(m.Workload),
		plural(m.Nodes, "node"), m.State, plural(m.Workers, "worker"), m.Subject, figures, failed)
}
