package demo

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/quorum"
	"github.com/quorumlock/quorumlock/redlock"
)

// stage is where the acts are played.
type stage struct {
	cfg     Config
	journal *journal
	nodes   *cluster.Cluster
	killed  time.Duration // when the last kill was over
	up      int
}

// play has the contenders take turns while the acts go on, and looks for what they leave.
func (s *stage) play(ctx context.Context) (err error) {
	s.up = s.cfg.Nodes
	role := newRole()
	lockers := make([]*redlock.Locker, 0, len(s.cfg.Names)+1)
	acting, leave := context.WithCancel(ctx)
	var cast sync.WaitGroup
	exit := sync.OnceValue(func() error {
		leave()
		cast.Wait()
		errs := make([]error, len(lockers))
		for i, l := range lockers {
			errs[i] = l.Close()
		}
		return errors.Join(errs...)
	})
	defer func() {
		if left := exit(); err == nil {
			err = left
		}
	}()
	for range cap(lockers) {
		l, err := redlock.Dial(s.nodes.Addrs(), s.cfg.lock())
		if err != nil {
			return err
		}
		lockers = append(lockers, l)
	}
	s.begin(1)
	for i, name := range s.cfg.Names {
		c := &contender{name: name, locker: lockers[i], cfg: s.cfg, journal: s.journal, role: role}
		cast.Go(func() { c.run(acting) })
	}
	if err := s.acts(acting, &cast, lockers[len(s.cfg.Names)], role); err != nil {
		return err
	}
	if err := exit(); err != nil {
		return err
	}
	return s.look(ctx)
}

// acts plays the four acts, step by step, until they are over or ctx ends.
func (s *stage) acts(ctx context.Context, cast *sync.WaitGroup, solo *redlock.Locker, role *role) error {
	minority := (s.cfg.Nodes - 1) / 2
	practising, enough := context.WithCancel(ctx)
	defer enough()
	cast.Go(func() { practise(practising, solo, s.journal) })
	for _, step := range []func() error{
		just(func() { s.calm(ctx) }),
		just(func() { s.sumUp(1) }),

		just(func() { s.begin(2) }),
		func() error { return s.kill(ctx, 0, minority) },
		just(func() { s.calm(ctx) }),
		just(func() { enough(); s.sumUp(2) }),

		just(func() { s.begin(3) }),
		just(func() { role.offer(); await(ctx, role.taken, s.cfg.TTL+recovery) }),
		func() error { return s.kill(ctx, minority, minority+1) },
		just(func() { s.outage(ctx, minority+1, role) }),

		just(func() { s.begin(4) }),
		func() error { return s.revive(ctx, minority+1) },
		just(func() { s.calm(ctx) }),
	} {
		if err := step(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return nil
}

// outage waits until the holder was told, and every contender had the time for a whole try.
func (s *stage) outage(ctx context.Context, down int, role *role) {
	s.journal.write(func(h *History) { h.Outage.From, h.Down = s.killed, h.Nodes[:down] })
	await(ctx, role.left, 2*s.cfg.TTL)
	sleep(ctx, s.cfg.patience()*9/4)
}

// just makes a step of what cannot fail.
func just(do func()) func() error {
	return func() error {
		do()
		return nil
	}
}

func (s *stage) begin(act int) {
	s.journal.begin(act, s.up, quorum.Majority(s.cfg.Nodes).Need())
}

// sumUp tells how long locks without competition took in an act.
func (s *stage) sumUp(act int) {
	var e Event
	s.journal.write(func(h *History) {
		e = Event{Kind: Alone, Act: act, Count: s.up}
		e.Took, e.Worst, e.Samples = h.pace(act)
	})
	s.journal.say(e)
}

// kill ends nodes from up to, but not including, to, all at once.
func (s *stage) kill(ctx context.Context, from, to int) error {
	e := Event{Kind: Killing, Nodes: s.nodes.Addrs()[from:to], Numbers: numbers(from, to)}
	s.journal.say(e)
	began := s.journal.now()
	if err := s.each(from, to, func(n *cluster.Node) error { return n.Kill(ctx) }); err != nil {
		return err
	}
	s.killed = s.journal.now()
	s.up -= to - from
	e.Kind, e.Took, e.Count = Killed, s.killed-began, s.up
	s.journal.say(e)
	return nil
}

// revive starts the first count nodes again, with everything that they had written to disk.
func (s *stage) revive(ctx context.Context, count int) error {
	began := s.journal.now()
	s.journal.note(Event{Kind: Reviving, Nodes: s.nodes.Addrs()[:count], Numbers: numbers(0, count)},
		func(h *History) { h.Outage.Until = began })
	var one sync.Mutex // up is one number for all of them
	return s.each(0, count, func(n *cluster.Node) error {
		if err := n.Start(ctx, cluster.Keep); err != nil {
			return err
		}
		back := s.journal.now()
		one.Lock()
		defer one.Unlock()
		s.up++
		e := Event{Kind: Revived, Nodes: []string{n.Addr()}, Took: back - began, Count: s.up}
		e.Numbers = []int{slices.Index(s.nodes.Addrs(), n.Addr()) + 1}
		s.journal.note(e, func(h *History) { h.Back = max(h.Back, back) })
		return nil
	})
}

func (s *stage) each(from, to int, do func(*cluster.Node) error) error {
	errs := make([]error, to-from)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = do(s.nodes.Node(from + i)) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// calm lets the contenders take turns undisturbed for the length of an act, and until somebody has had one, if that
// comes within the bound.
func (s *stage) calm(ctx context.Context) {
	began := s.journal.now()
	bound := began + s.cfg.TTL + recovery
	sleep(ctx, s.cfg.Act)
	had := false
	for ctx.Err() == nil && !had && s.journal.now() < bound {
		sleep(ctx, 10*time.Millisecond)
		s.journal.write(func(h *History) { had = len(h.within(Span{began, s.journal.now()})) > 0 })
	}
	s.journal.write(func(h *History) {
		h.Calm = append(h.Calm, Calm{Up: s.up, Span: Span{began, s.journal.now()}})
	})
}

// look asks every node for the keys that were locked. What a node kept while it was dead may live for a TTL since its
// kill; after that nothing may be left.
func (s *stage) look(ctx context.Context) error {
	sleep(ctx, s.killed+s.cfg.TTL+10*time.Millisecond-s.journal.now())
	for _, addr := range s.nodes.Addrs() {
		client := redis.NewClient(&redis.Options{Addr: addr})
		for _, key := range []string{s.cfg.Key, soloKey} {
			found, err := client.Exists(ctx, key).Result()
			s.journal.history.Seen = append(s.journal.history.Seen, Sight{Node: addr, Key: key, Found: found > 0, Err: err})
		}
		if err := client.Close(); err != nil {
			return fmt.Errorf("look at %s: %w", addr, err)
		}
	}
	return context.Cause(ctx)
}

func numbers(from, to int) []int {
	all := make([]int, 0, to-from)
	for i := from; i < to; i++ {
		all = append(all, i+1)
	}
	return all
}
