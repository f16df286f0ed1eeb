package chaos

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/check"
	"github.com/quorumlock/quorumlock/internal/chaos/fault"
	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/internal/chaos/plan"
	"github.com/quorumlock/quorumlock/internal/chaos/storage"
	"github.com/quorumlock/quorumlock/internal/chaos/worker"
	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// Plan returns what would go wrong in a run of cfg, and the nodes' kind filled in. It starts nothing, and asks at most
// whether a Docker engine is there.
func Plan(ctx context.Context, cfg Config) (Config, *plan.Plan, error) {
	cfg, err := cfg.Complete()
	if err != nil {
		return cfg, nil, err
	}
	if cfg.own() && cfg.Kind == "" {
		cfg.Kind, _ = cluster.Best(ctx)
	}
	if cfg.Scenario == nil {
		if cfg.Duration == 0 {
			cfg.Duration = watchLength
		}
		return cfg, &plan.Plan{Scenario: "watch", Duration: cfg.Duration}, nil
	}
	p, err := cfg.Scenario.Plan(plan.Ground{
		Nodes: cfg.Nodes, TTL: cfg.TTL, Quarantine: cfg.quarantine(), Duration: cfg.Duration, Seed: cfg.Seed, Bears: cfg.bears(ctx),
	})
	if err != nil {
		return cfg, nil, err
	}
	if cfg.Duration = p.Duration; cfg.Duration > longestRun {
		return cfg, nil, fmt.Errorf("scenario %s: a duration of %v: want at most %v", p.Scenario, cfg.Duration, longestRun)
	}
	return cfg, p, nil
}

// watchLength is how long a run takes in which nothing goes wrong.
const watchLength = 30 * time.Second

// Run plays a run and returns what was found. Tell hears of events as they happen, one at a time; it must not block.
//
// When ctx ends, the faults end, the nodes are healed, the clients give back what they hold, and the report is of what
// there was. There is no report only when nothing was played at all; an error beside one says that files could not be
// written, or nodes not removed. In every case processes and nodes that were started are gone afterwards.
func Run(ctx context.Context, cfg Config, tell func(Event)) (*Report, error) {
	cfg, p, err := Plan(ctx, cfg)
	if err != nil {
		return nil, err
	}
	r := &run{cfg: cfg, plan: p, prefix: "chaos/" + rand.Text()[:12] + "/", epoch: history.Now(), began: time.Now()}
	var telling sync.Mutex
	r.tell = func(e Event) {
		telling.Lock()
		defer telling.Unlock()
		e.At = r.now()
		tell(e)
	}
	return r.whole(ctx)
}

// run is one call of Run.
type run struct {
	cfg    Config
	plan   *plan.Plan
	prefix string        // of every key
	epoch  time.Duration // history.Now at the beginning
	began  time.Time     // the same by the calendar
	tell   func(Event)
	nodes  *nodes
	ledger *ledger
	health redlock.Health // before anything went wrong

	mu       sync.Mutex // guards the fields below
	troubles []string
	skipped  []string // faults
}

func (r *run) now() time.Duration { return history.Now() - r.epoch }

// whole brings nodes, plays, judges, and takes the nodes away.
func (r *run) whole(ctx context.Context) (report *Report, err error) {
	r.tell(Event{Kind: Starting, Text: string(r.cfg.Kind), Count: r.cfg.Nodes})
	if r.nodes, err = r.cfg.open(ctx, r.needsClocks(), nil); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.nodes.close()) }()
	if !r.cfg.own() {
		unmarked := r.nodes.unmarked(ctx)
		defer func() { // also where no lock was had at all
			after := context.WithoutCancel(ctx)
			if report == nil {
				_, _ = r.nodes.leftovers(after, r.prefix)
			}
			err = errors.Join(err, r.nodes.unmark(after, unmarked))
		}()
	}
	r.tell(Event{Kind: Ready, Text: r.nodes.name(), Nodes: r.nodes.shown})
	if err := r.awaitVotes(ctx); err != nil {
		return nil, err
	}
	dir, err := cluster.OwnedDir()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	shop, err := storage.Open(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, shop.Close()) }()
	r.ledger = &ledger{holding: map[int]worker.Holding{}, watch: check.Watch{Fenced: !r.cfg.Plain}}
	r.ledger.violation = func(p *check.Problem) { r.tell(Event{Kind: Violation, Problem: p}) }
	end, err := r.openFile()
	if err != nil {
		return nil, err
	}
	h, err := r.play(ctx, shop)
	if lost := end(); err != nil {
		return nil, errors.Join(err, lost)
	} else if lost != nil {
		h.Troubles = append(h.Troubles, "history.ndjson is not whole: "+oneLine(lost))
	}
	r.tell(Event{Kind: Judging, Count: len(h.Operations)})
	report = r.report(h)
	if r.cfg.Dir != "" {
		logs, lost := r.nodes.journals(context.WithoutCancel(ctx))
		if lost != nil {
			report.Notes = append(report.Notes, oneLine(fmt.Errorf("not every node's log could be had: %w", lost)))
		}
		if err := report.writeFiles(r.cfg.Dir, h, logs); err != nil {
			return report, err
		}
	}
	return report, nil
}

// needsClocks reports whether the plan sets clocks of nodes.
func (r *run) needsClocks() bool {
	for _, s := range r.plan.Strikes {
		switch s.Fault.(type) {
		case fault.Step, fault.Rate:
			return true
		}
	}
	return false
}

// openFile begins the file that operations go to as they are reported.
func (r *run) openFile() (end func() error, err error) {
	if r.cfg.Dir == "" {
		return func() error { return nil }, nil
	}
	f, err := os.Create(filepath.Join(r.cfg.Dir, "history.ndjson"))
	if err != nil {
		return nil, err
	}
	r.ledger.file = history.NewWriter(f)
	return func() error { return errors.Join(r.ledger.broken, r.ledger.file.Flush(), f.Close()) }, nil
}

// awaitVotes returns when a majority of the nodes votes: those of others may be new, or have been restarted, and do not
// vote before everything that they could have forgotten is over.
func (r *run) awaitVotes(ctx context.Context) error {
	l, err := r.cfg.dial(r.nodes.addrs, r.cfg.own())
	if err != nil {
		return err
	}
	defer l.Close()
	for {
		lease, err := l.TryLock(ctx, r.prefix+"first")
		if err == nil {
			r.health, err = l.Check(ctx)
			return errors.Join(err, lease.Unlock(ctx))
		}
		h, failed := l.Check(ctx)
		if failed != nil {
			return failed
		}
		wait := untilVotes(h)
		if wait <= 0 {
			return fmt.Errorf("no lock can be had before anything goes wrong: %w", err)
		}
		r.tell(Event{Kind: Waiting, Text: fmt.Sprintf("the nodes may have forgotten votes, and do not vote for another %v", wait.Round(time.Millisecond))})
		if err := sleep(ctx, wait+50*time.Millisecond); err != nil {
			return err
		}
	}
}

// untilVotes returns in how long a majority votes of which it is known that it will; 0 when that cannot be said.
func untilVotes(h redlock.Health) time.Duration {
	var waits []time.Duration
	for _, n := range h.Nodes {
		if n.VotesIn > 0 || n.Err == nil {
			waits = append(waits, n.VotesIn)
		}
	}
	if len(waits) < h.Need {
		return 0
	}
	slices.Sort(waits)
	return waits[h.Need-1]
}

// play has the clients work while faults come and go.
func (r *run) play(ctx context.Context, shop *storage.Storage) (*history.History, error) {
	workers, err := hire(ctx, r.cfg.Worker, r.tasks(shop.Addr()), r.ledger.hear)
	if err != nil {
		return nil, err
	}
	defer workers.dismiss()
	faults := &striker{plan: r.plan, targets: r.nodes.targets, crew: workers, ledger: r.ledger, now: r.now, tell: r.note, bound: r.cfg.bound}
	start := r.now()
	r.tell(Event{Kind: Began, Length: r.plan.Duration, Text: r.plan.Scenario, Count: len(r.plan.Strikes)})
	faults.begin(start)
	died := r.watch(ctx, start+r.plan.Duration, workers, faults)

	h := &history.History{Setup: r.cfg.setup(r.nodes.shown)}
	h.Interrupted = ctx.Err() != nil && r.now() < start+r.plan.Duration
	r.tell(Event{Kind: Stopping})
	if died {
		r.note(Event{Kind: Failed, Text: "a worker ended before its time, and the run with it"})
	}
	h.Stopped = r.now()
	h.Strikes = faults.wait() // a process that is frozen cannot stop
	for _, err := range workers.stop() {
		r.note(Event{Kind: Failed, Text: oneLine(err)})
	}
	h.Sights = r.look(ctx)
	h.Ended = r.now()
	h.Operations = r.ledger.operations // nobody reports any more
	h.Troubles = r.troubles
	return h, nil
}

// note tells of an event, and remembers what kept the run from being what was planned.
func (r *run) note(e Event) {
	r.mu.Lock()
	switch e.Kind {
	case Failed:
		r.troubles = append(r.troubles, e.Text)
	case Skipped:
		r.skipped = append(r.skipped, e.Text)
	}
	r.mu.Unlock()
	r.tell(e)
}

// tasks are what the workers are told.
func (r *run) tasks(storageAddr string) []worker.Task {
	var all []worker.Task
	for i := range r.cfg.Processes {
		all = append(all, worker.Task{
			Process: i, FirstClient: 1 + i*r.cfg.clients(), Contenders: r.cfg.Contenders, Loners: r.cfg.Loners, Keepers: keepers,
			ToLong: r.cfg.toLong(i), Deployment: r.cfg.Deployment,
			Lock: r.cfg.Lock, Addrs: r.nodes.addrs, TLS: r.cfg.TLS, TTL: r.cfg.TTL, MaxTTL: r.cfg.maxTTL(), NodeTimeout: nodeTimeout,
			Plain: r.cfg.Plain, Fresh: r.cfg.own(), Storage: storageAddr, Seed: r.cfg.Seed, Epoch: r.epoch,
			Busy: []string{r.prefix + "busy-1", r.prefix + "busy-2"}, Long: []string{r.prefix + "long-1", r.prefix + "long-2"},
			Alone: r.prefix + "alone-",
		})
	}
	return all
}

// toLong returns which contenders of a process want the keys that are held for long: a third of all, and at least two, or
// nobody where that would leave too few for the others.
func (cfg Config) toLong(process int) []int {
	var all []int
	if cfg.Processes*cfg.Contenders < 4 {
		return nil
	}
	for i := range cfg.Contenders {
		if (process*cfg.Contenders+i)%3 == 0 {
			all = append(all, i)
		}
	}
	return all
}

// sampling is how often one can see what goes on.
const sampling = 250 * time.Millisecond

// watch tells what goes on until end, or until ctx ends, or a worker does, which it reports.
func (r *run) watch(ctx context.Context, end time.Duration, workers *crew, faults *striker) (died bool) {
	last := r.now()
	for r.now() < end {
		if sleep(ctx, min(sampling, end-r.now())) != nil {
			return false
		}
		for _, m := range workers.members {
			select {
			case <-m.gone:
				return true
			default:
			}
		}
		s := r.ledger.sample()
		now := r.now()
		s.Length, last = now-last, now
		s.States = states(len(r.nodes.addrs), faults.so(), r.cfg.quarantine(), now)
		r.tell(Event{Kind: Sampled, Sample: &s})
	}
	return false
}

// look looks on every node for keys that were not given back. What a node still gets to do of commands that were on their
// way is over after a moment.
func (r *run) look(ctx context.Context) []history.Sight {
	ctx = context.WithoutCancel(ctx)
	_ = sleep(ctx, 100*time.Millisecond)
	at := r.now()
	locks, errs := r.nodes.leftovers(ctx, r.prefix)
	sights := make([]history.Sight, len(locks))
	for i := range sights {
		sights[i] = history.Sight{Node: i, At: at, Left: locks[i]}
		if errs[i] != nil {
			sights[i].Error = errs[i].Error()
		}
	}
	return sights
}
