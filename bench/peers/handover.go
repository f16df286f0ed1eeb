package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// holdFor is how long each holds the key that goes to and fro.
const holdFor = 50 * time.Millisecond

// handOver: a key goes to and fro between two processes.
func (b *bench) handOver(ctx context.Context) error {
	return b.between(ctx, handOver, 2, 1, b.run.Settings.HandOver+patience, b.these(oneKeyed...), b.toAndFro)
}

// toAndFro is one turn of handOver. Whoever does not hold the key waits for it, and asks again only once the other has
// it: otherwise those that poll would take it twice in a row, and what the other one met would not show.
func (b *bench) toAndFro(ctx context.Context, e errand) (Measurement, error) {
	s := b.run.Settings
	c, err := gather(ctx, 2, e.opening)
	if err != nil {
		return Measurement{}, err
	}
	defer c.dismiss()
	locks, err := c[0].alone(e.name, s.Alone, 0)
	if err != nil {
		return Measurement{}, err
	}
	rested, err := c[0].alone(e.name+"/rested", s.Alone/4, holdFor)
	if err != nil {
		return Measurement{}, err
	}
	m := Measurement{LockP50: ms(percentile(locks, 50)), LockP99: ms(percentile(locks, 99)), RestedP50: ms(percentile(rested, 50))}
	g := &game{order: Order{Do: doHold, Key: e.name, Hold: holdFor}, crew: c, holds: make([][][]Hold, 2), failed: map[string]int{}}
	begin := e.clock.now()
	if err := g.play(func() bool { return e.clock.now() < begin+s.HandOver }); err != nil {
		return m, err
	}
	m.Seconds = (e.clock.now() - begin).Seconds()
	all := merge(g.holds)
	m.Overlaps = overlapping(all)
	passes := handOvers(all)
	slices.Sort(passes)
	m.Locks, m.PerSecond, m.Failure = len(passes), float64(len(passes))/m.Seconds, commonest(g.failed)
	for _, count := range g.failed {
		m.Failed += count
	}
	return m.passed(passes), c.end()
}

// alone returns how long so many Locks took that nobody else wanted, sorted, with a rest before each. First come a few that
// are not measured.
func (p *process) alone(key string, times int, rest time.Duration) ([]time.Duration, error) {
	var r Reply
	for _, o := range []Order{{Do: doAlone, Key: key + "/warm", Times: 20}, {Do: doAlone, Key: key, Times: times, Rest: rest}} {
		if err := p.tell(o); err != nil {
			return nil, err
		}
		var err error
		if r, err = p.hear(); err != nil {
			return nil, err
		}
	}
	slices.Sort(r.Locks)
	return r.Locks, nil
}

// game is a key that goes to and fro.
type game struct {
	order  Order
	crew   crew
	holds  [][][]Hold // by process, and one by one
	failed map[string]int
}

// play lets the key go to and fro while on says so.
func (g *game) play(on func() bool) error {
	at := 0
	if err := g.tell(at); err != nil {
		return err
	}
	if err := g.awaitHold(at); err != nil {
		return err
	}
	for on() {
		other := 1 - at
		if err := g.tell(other); err != nil {
			return err
		}
		if err := g.awaitEnd(at); err != nil {
			return err
		}
		if err := g.awaitHold(other); err != nil {
			return err
		}
		at = other
	}
	return g.awaitEnd(at)
}

func (g *game) tell(i int) error { return g.crew[i].tell(g.order) }

// awaitHold returns when the process has the key. One that gave up is told again.
func (g *game) awaitHold(i int) error {
	for range 10 {
		r, err := g.crew[i].hear()
		if err != nil || r.Holding {
			return err
		}
		g.note(i, r)
		if err := g.tell(i); err != nil {
			return err
		}
	}
	return fmt.Errorf("it gave up again and again: %s", commonest(g.failed))
}

// awaitEnd returns when the process has given the key back.
func (g *game) awaitEnd(i int) error {
	r, err := g.crew[i].hear()
	if err == nil {
		g.note(i, r)
	}
	return err
}

func (g *game) note(i int, r Reply) {
	for text, count := range r.Failed {
		g.failed[text] += count
	}
	g.holds[i] = append(g.holds[i], r.Holds...)
}
