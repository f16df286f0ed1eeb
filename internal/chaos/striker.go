package chaos

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/fault"
	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/internal/chaos/plan"
)

// striker carries out a plan.
type striker struct {
	plan    *plan.Plan
	targets []fault.Target
	crew    *crew
	ledger  *ledger
	now     func() time.Duration
	tell    func(Event)
	bound   time.Duration // how long a fault may take to come or to go

	over    context.Context // ends with the run
	end     context.CancelFunc
	working sync.WaitGroup

	mu      sync.Mutex        // guards the fields below
	strikes []*history.Strike // that have begun; one is not changed without mu
	taken   map[int]bool      // processes that are to be frozen, or are
}

// begin lets the faults come and go at their times after from.
func (s *striker) begin(from time.Duration) {
	s.taken = map[int]bool{}
	s.over, s.end = context.WithCancel(context.Background())
	for _, one := range s.plan.Strikes {
		s.working.Go(func() { s.play(one, from) })
	}
}

// wait ends the faults that are still there, and returns when every node and process is as it was.
func (s *striker) wait() []history.Strike {
	s.end()
	s.working.Wait()
	return s.so()
}

// so returns the strikes up to now. Of those that are there, End is zero.
func (s *striker) so() []history.Strike {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]history.Strike, len(s.strikes))
	for i, one := range s.strikes {
		all[i] = *one
	}
	return all
}

// play brings one fault and takes it away. What was begun is undone also when the run has ended.
func (s *striker) play(p plan.Strike, from time.Duration) {
	if sleep(s.over, from+p.At-s.now()) != nil {
		return // the run ended before it
	}
	strike := &history.Strike{Fault: p.Fault.String(), Effects: p.Fault.Effects(), Nodes: p.Nodes}
	targets, release := s.aim(p, strike)
	if len(targets) == 0 { // as when nobody can have a lock, since a majority is away
		s.tell(Event{Kind: Skipped, Text: fmt.Sprintf("%s at %.1fs: nobody held a lock whom it could have hit", p.Fault, s.now().Seconds())})
		return
	}
	defer release()
	strike.Begin.From = s.now()
	s.mu.Lock()
	s.strikes = append(s.strikes, strike)
	s.mu.Unlock()
	cures, err := s.strike(p.Fault, targets)
	s.change(strike, func() {
		strike.Begin.Until = s.now()
		if strike.End = strike.Begin; len(cures) > 0 {
			strike.End = history.Span{}
		}
	}, Struck)
	if len(cures) > 0 {
		if err == nil {
			_ = sleep(s.over, from+p.Until-s.now())
		}
		began := s.now()
		err = errors.Join(err, s.cure(cures))
		s.change(strike, func() { strike.End = history.Span{From: began, Until: s.now()} }, "")
	}
	if err != nil {
		text := oneLine(err)
		s.change(strike, func() { strike.Error = text }, "")
		s.tell(Event{Kind: Failed, Text: p.Fault.String() + ": " + text})
	}
	s.change(strike, func() {}, Cured)
}

// aim returns what a fault hits. For one that hits a client, it waits for one that holds a lock.
func (s *striker) aim(p plan.Strike, strike *history.Strike) (targets []fault.Target, release func()) {
	if len(p.Nodes) > 0 {
		for _, n := range p.Nodes {
			targets = append(targets, s.targets[n])
		}
		return targets, func() {}
	}
	for range 200 {
		s.mu.Lock()
		held, found := s.ledger.holder(func(process int) bool { return s.taken[process] })
		if found {
			s.taken[held.Process] = true
		}
		s.mu.Unlock()
		if found {
			strike.Process, strike.Lease = &held.Process, held.Lease
			return []fault.Target{s.crew.members[held.Process]}, func() {
				s.mu.Lock()
				defer s.mu.Unlock()
				delete(s.taken, held.Process)
			}
		}
		if sleep(s.over, 10*time.Millisecond) != nil {
			break
		}
	}
	return nil, nil
}

// strike brings a fault to all targets at once.
func (s *striker) strike(f fault.Fault, targets []fault.Target) (cures []fault.Cure, err error) {
	ctx, cancel := context.WithTimeoutCause(context.Background(), s.bound, fmt.Errorf("not done after %v", s.bound))
	defer cancel()
	cures, errs := make([]fault.Cure, len(targets)), make([]error, len(targets))
	var all sync.WaitGroup
	for i, target := range targets {
		all.Go(func() { cures[i], errs[i] = f.Strike(ctx, target) })
	}
	all.Wait()
	cures = slices.DeleteFunc(cures, func(c fault.Cure) bool { return c == nil })
	return cures, errors.Join(errs...)
}

func (s *striker) cure(cures []fault.Cure) error {
	ctx, cancel := context.WithTimeoutCause(context.Background(), s.bound, fmt.Errorf("not done after %v", s.bound))
	defer cancel()
	errs := make([]error, len(cures))
	var all sync.WaitGroup
	for i, cure := range cures {
		all.Go(func() {
			if errs[i] = cure(ctx); errs[i] != nil && sleep(ctx, time.Second) == nil {
				errs[i] = cure(ctx) // nobody else will
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// change changes a strike, and tells of it.
func (s *striker) change(strike *history.Strike, do func(), kind EventKind) {
	s.mu.Lock()
	do()
	told := *strike
	s.mu.Unlock()
	if kind != "" {
		s.tell(Event{Kind: kind, Strike: &told})
	}
}
