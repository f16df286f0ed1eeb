package bench

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
)

// striker carries out the planned faults on a run's own nodes.
type striker struct {
	strikes []strike
	results []FaultResult // one for each; its goroutine's own until wait returns
	cluster *cluster.Cluster
	tell    func(Event)

	start   time.Time
	over    context.Context // ends with the measured part
	end     context.CancelFunc
	working sync.WaitGroup
}

func newStriker(c *cluster.Cluster, strikes []strike, tell func(Event)) *striker {
	s := &striker{strikes: strikes, results: make([]FaultResult, len(strikes)), cluster: c, tell: tell}
	s.over, s.end = context.WithCancel(context.Background())
	return s
}

// begin lets the faults come, and go, at their times after start.
func (s *striker) begin(start time.Time) {
	s.start = start
	for i := range s.strikes {
		s.results[i] = FaultResult{Fault: s.strikes[i].String()}
		for _, n := range s.strikes[i].nodes {
			s.results[i].Nodes = append(s.results[i].Nodes, n+1)
		}
		s.working.Go(func() { s.play(&s.strikes[i], &s.results[i]) })
	}
}

// wait ends the faults that are still there, and returns when every node is as it was.
func (s *striker) wait() []FaultResult {
	s.end()
	s.working.Wait()
	return s.results
}

func (s *striker) play(one *strike, result *FaultResult) {
	if sleep(s.over, time.Until(s.start.Add(one.At))); s.over.Err() != nil {
		result.Error = "the run ended before it"
		return
	}
	result.From = Seconds(time.Since(s.start))
	s.tell(Event{Kind: FaultBegins, Fault: result.Fault, Nodes: result.Nodes})
	// Not ctx of the run: what was begun is undone even when that has ended.
	ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err := s.each(one.nodes, func(n *cluster.Node) error { return inflict(ctx, one.Fault, n) })
	if err == nil {
		if one.For > 0 {
			sleep(s.over, one.For)
		} else {
			<-s.over.Done()
		}
	}
	ctx, cancel = context.WithTimeout(context.Background(), 30*time.Second)
	defer cancel()
	err = errors.Join(err, s.each(one.nodes, func(n *cluster.Node) error { return relieve(ctx, one.Fault, n) }))
	if err != nil {
		result.Error = err.Error()
	}
	result.Until = Seconds(time.Since(s.start))
	s.tell(Event{Kind: FaultEnded, Fault: result.Fault, Nodes: result.Nodes, Err: err})
}

// each does the same to several nodes at once.
func (s *striker) each(nodes []int, do func(n *cluster.Node) error) error {
	errs := make([]error, len(nodes))
	var all sync.WaitGroup
	for i, n := range nodes {
		all.Go(func() { errs[i] = do(s.cluster.Node(n)) })
	}
	all.Wait()
	return errors.Join(errs...)
}

func inflict(ctx context.Context, f Fault, n *cluster.Node) error {
	switch f.Kind {
	case Kill:
		return n.Kill(ctx)
	case Pause:
		return n.Pause(ctx)
	default:
		if n.Link() == nil {
			return fmt.Errorf("%s has no proxy", n.Addr())
		}
		return n.Link().Slow(f.Delay)
	}
}

func relieve(ctx context.Context, f Fault, n *cluster.Node) error {
	switch f.Kind {
	case Kill:
		return n.Start(ctx, cluster.Keep)
	case Pause:
		return n.Resume(ctx)
	default:
		return n.Link().Restore()
	}
}
