package bench

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// drain is how long locks that are under way at the end are waited for.
const drain = 2 * time.Second

// Run puts the load on the nodes and returns what was found. Tell hears of events as they happen, one at a time; it
// must not block.
//
// When ctx ends, the run ends early, and the result is of what there was; the error is not nil only when nothing was
// measured at all: a bad cfg, nodes that cannot be run or do not answer, or a ctx that ended before the load began.
// In every case locks are given back, nodes are removed, and keys on nodes that stay are too.
func Run(ctx context.Context, cfg Config, tell func(Event)) (*Result, error) {
	cfg, err := cfg.Complete()
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	var telling sync.Mutex
	r := &run{cfg: cfg, addrs: cfg.Addrs, prefix: "bench/" + rand.Text()[:12] + "/", tell: func(e Event) {
		telling.Lock()
		defer telling.Unlock()
		tell(e)
	}}
	result, err := r.whole(ctx)
	if err != nil {
		return nil, fmt.Errorf("bench: %w", err)
	}
	return result, nil
}

// run is one call of Run.
type run struct {
	cfg     Config
	prefix  string // of every key
	tell    func(Event)
	cluster *cluster.Cluster // nil when the nodes are there already
	addrs   []string
	health  redlock.Health // before the load
	answers *answers
	worse   string // why the nodes are of no better kind
}

// whole brings the nodes and a locker, and takes them away again.
func (r *run) whole(ctx context.Context) (result *Result, err error) {
	if len(r.cfg.Addrs) == 0 {
		if err := r.startNodes(ctx); err != nil {
			return nil, err
		}
		defer func() {
			if closing := r.cluster.Close(); closing != nil {
				err = errors.Join(err, closing)
			}
		}()
	}
	r.answers = newAnswers(r.cfg.Nodes)
	l, err := redlock.Dial(r.addrs, r.cfg.locker(r.answers.observer()))
	if err != nil {
		return nil, err
	}
	if r.health, err = l.Check(ctx); err != nil {
		return nil, errors.Join(err, l.Close())
	}
	r.awaitVotes(ctx, l)
	result = r.measure(ctx, l)
	r.tell(Event{Kind: Tidying})
	closing := l.Close()
	left := tidy(context.WithoutCancel(ctx), r.addrs, r.health, r.prefix)
	if result == nil {
		return nil, fmt.Errorf("nothing was measured: %w", context.Cause(ctx))
	}
	result.Left = left
	if closing != nil {
		result.Notes = append(result.Notes, strings.ReplaceAll(closing.Error(), "\n", "; "))
	}
	return result, nil
}

// awaitVotes returns when a majority of the nodes votes, or will not because of something that waiting does not change:
// nodes that may have forgotten votes keep silent for a while, and that is not what is measured.
func (r *run) awaitVotes(ctx context.Context, l *redlock.Locker) {
	lease, err := l.TryLock(ctx, r.prefix+"first")
	if err == nil {
		_ = lease.Unlock(ctx)
		return
	}
	h, _ := l.Check(ctx)
	var waits []time.Duration
	for _, n := range h.Nodes {
		if n.Err == nil {
			waits = append(waits, n.VotesIn)
		}
	}
	slices.Sort(waits)
	if len(waits) < h.Need || waits[h.Need-1] == 0 {
		return
	}
	r.tell(Event{Kind: NodesQuiet, At: waits[h.Need-1]})
	sleep(ctx, waits[h.Need-1])
}

func (r *run) startNodes(ctx context.Context) (err error) {
	kind := r.cfg.Kind
	if kind == "" {
		kind, r.worse = cluster.Best(ctx)
	}
	r.tell(Event{Kind: NodesStart, Text: string(kind), Count: r.cfg.Nodes})
	began := time.Now()
	r.cluster, err = cluster.Start(ctx, cluster.Spec{Kind: kind, Nodes: r.cfg.Nodes, Proxied: r.cfg.proxied()})
	if err != nil {
		return err
	}
	r.addrs = r.cluster.Addrs()
	r.tell(Event{Kind: NodesAnswer, At: time.Since(began)})
	return nil
}

// measure warms up, measures, and returns the result, all but what is left on the nodes; nil when ctx ended before
// there was anything to measure.
func (r *run) measure(ctx context.Context, l *redlock.Locker) *Result {
	life, giveUp := context.WithCancel(context.WithoutCancel(ctx))
	defer giveUp()
	began := time.Now()
	start := began.Add(r.cfg.Warmup)
	end := start.Add(r.cfg.Duration)
	rec := newRecorder(start, r.cfg.Duration)
	strikes, _ := plan(r.cfg.Faults, r.cfg.Nodes, r.cfg.Duration) // Complete has seen that it works
	faults := newStriker(r.cluster, strikes, r.tell)
	faults.begin(start)
	work := &load{
		cfg: r.cfg, locker: l, rec: rec, keys: r.cfg.Keys.choosers(r.prefix, r.cfg.Seed), stop: ctx, life: life,
	}
	worked := make(chan struct{})
	go func() {
		defer close(worked)
		work.run(began, end)
	}()

	r.tell(Event{Kind: WarmupBegins, At: r.cfg.Warmup})
	sleep(ctx, time.Until(start))
	before := readUsage()
	r.answers.on.Store(true)
	r.tell(Event{Kind: LoadBegins, At: r.cfg.Duration})
	r.watch(ctx, rec, start, end)
	now := time.Now()
	rec.cut(now)
	r.answers.on.Store(false)
	after := readUsage()
	interrupted := ctx.Err() != nil && now.Before(end)

	r.tell(Event{Kind: LoadEnded})
	struck := faults.wait()
	select {
	case <-worked:
	case <-time.After(drain):
		giveUp()
		<-worked
	}
	if !now.After(start) {
		return nil
	}
	result := r.result(rec)
	result.Started, result.Interrupted, result.Faults = start, interrupted, struck
	result.Cost = after.since(before, result.Completed)
	return result
}

// watch tells of the progress until end, or until ctx ends, and sees how much memory this process holds.
func (r *run) watch(ctx context.Context, rec *recorder, start, end time.Time) {
	tick := time.NewTicker(min(100*time.Millisecond, rec.series.interval))
	defer tick.Stop()
	over := time.NewTimer(time.Until(end))
	defer over.Stop()
	for {
		select {
		case now := <-tick.C:
			rec.remember(now, memoryNow())
			completed, lately := rec.progress()
			r.tell(Event{Kind: Progress, At: min(time.Since(start), r.cfg.Duration), Completed: completed, Lately: lately})
		case <-over.C:
			return
		case <-ctx.Done():
			return
		}
	}
}
