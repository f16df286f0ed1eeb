package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// reportEvery is how often a child says when its lease's window closes.
const reportEvery = 10 * time.Millisecond

// contender is a child: a client in a process of its own, which does what it is told.
type contender struct {
	opening Opening
	subject Subject
	clock   clock
	out     *json.Encoder
}

// beChild does what it reads from in until there is no more, and answers on out.
func beChild(ctx context.Context, in io.Reader, out io.Writer) error {
	redis.SetLogger(silence{})
	c := &contender{clock: newClock(), out: json.NewEncoder(out)}
	orders := json.NewDecoder(in)
	if err := orders.Decode(&c.opening); err != nil {
		return fmt.Errorf("no opening: %w", err)
	}
	if err := c.open(ctx); err != nil {
		return err
	}
	defer c.subject.Close()
	if err := c.out.Encode(Reply{Ready: true}); err != nil {
		return err
	}
	for {
		var o Order
		if err := orders.Decode(&o); errors.Is(err, io.EOF) {
			pause(ctx, afterwards)
			return nil
		} else if err != nil {
			return err
		}
		if err := c.obey(ctx, o); err != nil {
			return fmt.Errorf("%s: %w", o.Do, err)
		}
	}
}

func (c *contender) open(ctx context.Context) (err error) {
	o := c.opening
	named := kindsNamed(o.Subject)
	if len(named) != 1 {
		return fmt.Errorf("no subject %q", o.Subject)
	}
	if c.subject, err = named[0].Open(ctx, Site{Addrs: o.Addrs, Workers: o.Workers, TTL: o.TTL}); err != nil {
		return err
	}
	errs := make([]error, o.Workers)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() { errs[i] = c.subject.Cycle(ctx, i, fmt.Sprintf("%s/own/%d", o.Key, i), nil) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		c.subject.Close()
		return err
	}
	return nil
}

func (c *contender) obey(ctx context.Context, o Order) error {
	switch o.Do {
	case doContend:
		return c.out.Encode(c.contend(ctx, o))
	case doAlone:
		locks, err := c.alone(ctx, o)
		if err != nil {
			return err
		}
		return c.out.Encode(Reply{Locks: locks})
	case doHold:
		return c.hold(ctx, o)
	case doKeep:
		return c.keep(ctx, o)
	default:
		return errors.New("nobody knows how")
	}
}

// contend has all workers take the key and give it back from o.From until o.End. Cycles that are under way then are
// waited for, as long as drive waits.
func (c *contender) contend(ctx context.Context, o Order) Reply {
	bounded, cancel := context.WithCancelCause(ctx) // not a deadline: clients look at deadlines
	defer cancel(nil)
	bound := time.AfterFunc(o.End+grace-c.clock.now(), func() {
		cancel(fmt.Errorf("not through %v after the load's end", grace))
	})
	defer bound.Stop()
	r := Reply{Holds: make([][]Hold, c.opening.Workers), Failed: map[string]int{}}
	failed := make([]map[string]int, c.opening.Workers)
	var wg sync.WaitGroup
	pause(bounded, o.From-c.clock.now())
	for i := range r.Holds {
		wg.Go(func() { r.Holds[i], failed[i] = c.work(bounded, i, o) })
	}
	wg.Wait()
	for _, some := range failed {
		for text, count := range some {
			r.Failed[text] += count
		}
	}
	return r
}

// work is one worker of contend.
func (c *contender) work(ctx context.Context, worker int, o Order) (holds []Hold, failed map[string]int) {
	failed = map[string]int{}
	for ctx.Err() == nil {
		h := Hold{Asked: c.clock.now()}
		if h.Asked >= o.End {
			break
		}
		err := c.subject.Cycle(ctx, worker, o.Key, func() { h.Had, h.Gave = c.clock.now(), c.clock.now() })
		if h.Had > 0 { // also when giving it back failed
			holds = append(holds, h)
		}
		if err != nil {
			failed[kindOf(err)]++
			time.Sleep(time.Millisecond)
		}
	}
	return holds, failed
}

// alone locks so many keys, one after the other, and rests before each. It returns how long each Lock took.
func (c *contender) alone(ctx context.Context, o Order) ([]time.Duration, error) {
	var locks []time.Duration
	for i := range o.Times {
		pause(ctx, o.Rest)
		asked := c.clock.now()
		had := func() { locks = append(locks, c.clock.now()-asked) }
		if err := c.subject.Cycle(ctx, 0, fmt.Sprintf("%s/alone/%d", o.Key, i), had); err != nil {
			return nil, err
		}
	}
	return locks, nil
}

func (c *contender) hold(ctx context.Context, o Order) error {
	var said error
	h := Hold{Asked: c.clock.now()}
	r := Reply{Failed: map[string]int{}}
	err := c.subject.Cycle(ctx, 0, o.Key, func() {
		h.Had = c.clock.now()
		said = c.out.Encode(Reply{Holding: true})
		pause(ctx, o.Hold)
		h.Gave = c.clock.now()
	})
	if h.Had > 0 {
		r.Holds = [][]Hold{{h}}
	}
	if err != nil {
		r.Failed[kindOf(err)]++
	}
	return errors.Join(said, c.out.Encode(r))
}

// keep holds the key until this process is killed. Only this library's leases say when their window closes.
func (c *contender) keep(ctx context.Context, o Order) error {
	s, ok := c.subject.(ours)
	if !ok {
		return errors.New("its leases have no window")
	}
	lease, err := s.locker.Lock(ctx, o.Key)
	if err != nil {
		return err
	}
	for said := (Reply{Holding: true}); lease.Err() == nil; said = (Reply{}) {
		now := c.clock.now() // before Left, so that what is said is not later than what is so
		said.Closes = now + lease.Left()
		if err := c.out.Encode(said); err != nil {
			return err
		}
		if !pause(ctx, reportEvery) {
			return context.Cause(ctx)
		}
	}
	return lease.Err()
}
