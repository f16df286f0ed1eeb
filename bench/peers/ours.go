package main

import (
	"context"

	"github.com/quorumlock/quorumlock/redlock"
)

// ours is this library, as a service links it.
type ours struct{ locker *redlock.Locker }

func oursKind(name string) Kind {
	mode, notes := redlock.Plain, "`redlock.Dial` with `Config{Mode: Plain, Fresh: true}`"
	if name == oursFenced {
		mode, notes = redlock.Fenced, "`redlock.Dial` with `Config{Fresh: true}`"
	}
	return Kind{
		Name: name, Ours: true,
		Notes: notes + ": TTL 10 s, renewal on, one `Lock` and one `Unlock` for each cycle.",
		Open: func(_ context.Context, site Site) (Subject, error) {
			locker, err := redlock.Dial(site.Addrs, redlock.Config{Mode: mode, Fresh: true, TTL: site.TTL})
			if err != nil {
				return nil, err
			}
			return ours{locker}, nil
		},
	}
}

func (o ours) Cycle(ctx context.Context, _ int, key string, hold func()) error {
	lease, err := o.locker.Lock(ctx, key)
	if err != nil {
		return err
	}
	if hold != nil {
		hold()
	}
	return lease.Unlock(ctx)
}

// Close ignores the error that names nodes which did not answer: faults are part of some workloads.
func (o ours) Close() { _ = o.locker.Close() }
