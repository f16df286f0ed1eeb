package main

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// killedSlack is how much longer than the TTL and a round a waiter may wait for the key of a holder that was killed.
const killedSlack = 50 * time.Millisecond

// killedHolder: a process that holds the key is killed, while another one waits for it. Only this library's leases say
// until when they are to be trusted.
func (b *bench) killedHolder(ctx context.Context) error {
	s := b.run.Settings
	return b.between(ctx, killedHolder, 2, 1, 3*time.Duration(s.Kills)*s.KilledTTL+patience, b.these(oursPlain, oursFenced), b.kill)
}

// kill is one turn of killedHolder.
func (b *bench) kill(ctx context.Context, e errand) (Measurement, error) {
	s := b.run.Settings
	e.opening.TTL = s.KilledTTL
	c, err := gather(ctx, 1, e.opening)
	if err != nil {
		return Measurement{}, err
	}
	defer c.dismiss()
	waiter := c[0]
	locks, err := waiter.alone(e.name, s.Alone, 0)
	if err != nil {
		return Measurement{}, err
	}
	m := Measurement{LockP50: ms(percentile(locks, 50)), LockP99: ms(percentile(locks, 99))}
	begin := e.clock.now()
	var passes []time.Duration
	for i := range s.Kills {
		// Renewals are a third of the TTL apart. A kill right after one makes the longest wait; others come later.
		later := s.KilledTTL / 3 * time.Duration(i) / time.Duration(s.Kills)
		d, err := e.killOne(ctx, waiter, fmt.Sprintf("%s/%d", e.name, i), later)
		if err != nil {
			return m, err
		}
		passes = append(passes, d.got-d.killed)
		if d.got < d.closes {
			m.TooEarly++
		}
	}
	m.Seconds, m.Locks = (e.clock.now() - begin).Seconds(), len(passes)
	slices.Sort(passes)
	return m.passed(passes), c.end()
}

// death is of one holder; all on the shared clock.
type death struct {
	killed time.Duration
	closes time.Duration // its lease's window, as it said itself at last
	got    time.Duration // when the other one's Lock had returned
}

// killOne has a new process take the key, and the waiter wait for it, and kills the holder so much later than a renewal.
func (e errand) killOne(ctx context.Context, waiter *process, key string, later time.Duration) (death, error) {
	var d death
	o := e.opening
	o.Key = key + "/holder"
	c, err := gather(ctx, 1, o)
	if err != nil {
		return d, err
	}
	defer c.dismiss()
	holder := c[0]
	if err := holder.tell(Order{Do: doKeep, Key: key}); err != nil {
		return d, err
	}
	r, err := holder.hear()
	if err != nil {
		return d, err
	}
	if err := waiter.tell(Order{Do: doHold, Key: key}); err != nil {
		return d, err
	}
	for waiting, renewed := e.clock.now()+e.opening.TTL/10, time.Duration(0); renewed == 0 || e.clock.now() < renewed+later; {
		before := r.Closes
		if r, err = holder.hear(); err != nil {
			return d, err
		}
		if now := e.clock.now(); renewed == 0 && now > waiting && r.Closes > before+e.opening.TTL/20 {
			renewed = now
		}
	}
	d.closes = r.Closes
	var said []Reply
	if d.killed, said, err = holder.shoot(e.clock); err != nil {
		return d, err
	}
	for _, r := range said {
		d.closes = max(d.closes, r.Closes)
	}
	var got Reply
	for _, want := range []string{"holding", "held"} {
		if got, err = waiter.hear(); err != nil {
			return d, err
		}
		if len(got.Failed) > 0 {
			return d, fmt.Errorf("%s: %s", want, commonest(got.Failed))
		}
	}
	d.got = got.Holds[0][0].Had
	return d, nil
}
