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
	worse   string         // why the nodes are of no better kind
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
	found, err := r.load(ctx)
	if err != nil && r.health.Nodes == nil {
		return nil, err
	}
	left := r.tidy(context.WithoutCancel(ctx))
	switch {
	case err != nil:
		return nil, err
	case found == nil:
		return nil, fmt.Errorf("nothing was measured: %w", context.Cause(ctx))
	}
	result = r.result(found)
	result.Left = left
	return result, nil
}

// found is what was found on all nodes by all processes.
type found struct {
	parts       []*part // one for each process
	started     time.Time
	interrupted bool
	faults      []FaultResult
	closing     string // what closing this process's locker met
}

// closed returns f, which may be nil, with what closing the locker met.
func (f *found) closed(err error) *found {
	if f != nil && err != nil {
		f.closing = oneLine(err)
	}
	return f
}

// load looks at the nodes and puts the load on them, from this process or from several. It returns nil when ctx ended
// before there was anything to measure.
func (r *run) load(ctx context.Context) (f *found, err error) {
	answers := newAnswers(r.cfg.Nodes)
	l, err := r.cfg.locker(r.addrs, answers.observer())
	if err != nil {
		return nil, err
	}
	health, err := l.Check(ctx)
	if err != nil {
		return nil, errors.Join(err, l.Close())
	}
	r.health = health
	r.awaitVotes(ctx, l)
	if r.cfg.Processes > 1 {
		closing := l.Close()
		f, err = r.measureAll(ctx)
		return f.closed(closing), err
	}
	f = r.measure(ctx, l, answers)
	r.tell(Event{Kind: Tidying})
	return f.closed(l.Close()), nil
}

func oneLine(err error) string { return strings.ReplaceAll(err.Error(), "\n", "; ") }

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

// measure warms up and measures, in this process.
func (r *run) measure(ctx context.Context, l *redlock.Locker, a *answers) *found {
	began := time.Now()
	faults := r.faults(began.Add(r.cfg.Warmup))
	s := newShift(ctx, r.cfg, 0, r.prefix, l, a, began)
	r.tell(Event{Kind: WarmupBegins, At: r.cfg.Warmup})
	s.measure(func() { r.tell(Event{Kind: LoadBegins, At: r.cfg.Duration}) }, func() {
		completed, newest := s.rec.progress()
		r.progress(s.start, completed, newest)
	})
	interrupted := ctx.Err() != nil && s.ended.Before(s.start.Add(r.cfg.Duration))
	r.tell(Event{Kind: LoadEnded})
	struck := faults.wait()
	p := s.finish()
	if p == nil {
		return nil
	}
	return &found{parts: []*part{p}, started: s.start, interrupted: interrupted, faults: struck}
}

// faults lets the planned faults come at their times after start.
func (r *run) faults(start time.Time) *striker {
	strikes, _ := plan(r.cfg.Faults, r.cfg.Nodes, r.cfg.Duration) // Complete has seen that it works
	faults := newStriker(r.cluster, strikes, r.tell)
	faults.begin(start)
	return faults
}

func (r *run) progress(start time.Time, completed int64, newest lately) {
	r.tell(Event{Kind: Progress, At: min(time.Since(start), r.cfg.Duration), Completed: completed, Lately: newest.figures()})
}
