package main

import (
	"context"
	"fmt"
	"runtime"

	"github.com/quorumlock/quorumlock/internal/cluster"
)

// hung: 64 workers while one node hangs, against the same before.
func (b *bench) hung(ctx context.Context) error {
	last := b.run.Settings.Nodes - 1
	return b.faults(ctx, hung,
		func(ctx context.Context) error { return b.nodes.cluster.Node(last).Pause(ctx) },
		func(ctx context.Context) error { return b.nodes.cluster.Node(last).Resume(ctx) })
}

// killed: 64 workers while a minority, two of five, is dead, against the same before.
func (b *bench) killed(ctx context.Context) error {
	n := b.run.Settings.Nodes
	minority := b.nodes.cluster.Nodes()[n-(n-1)/2 : n]
	return b.faults(ctx, killed,
		func(ctx context.Context) error {
			for _, node := range minority {
				if err := node.Kill(ctx); err != nil {
					return err
				}
			}
			return nil
		},
		func(ctx context.Context) error {
			for _, node := range minority {
				if err := node.Start(ctx, cluster.Forget); err != nil {
					return err
				}
			}
			return b.nodes.await(ctx)
		})
}

// faults runs rounds of this kind: every subject opens and is measured on healthy nodes, then the fault comes, every
// subject is measured again, beginning with the first commands that meet the fault, and the nodes are healed.
func (b *bench) faults(ctx context.Context, workload string, hurt, heal func(context.Context) error) error {
	kinds := b.these(quorums...)
	for round := range b.run.Settings.rounds(workload) {
		if err := b.faultRound(ctx, workload, kinds, round, hurt, heal); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) faultRound(ctx context.Context, workload string, kinds []Kind, round int, hurt, heal func(context.Context) error) error {
	subjects := make([]Subject, len(kinds))
	turns := make([]turn, len(kinds))
	closeAll := func() {
		for i, s := range subjects {
			if s != nil {
				s.Close()
			}
			subjects[i] = nil
		}
	}
	defer closeAll()
	for i, k := range kinds {
		t := b.newTurn(workload, k, b.run.Settings.Nodes, 64)
		turns[i] = t
		site := b.site(b.nodes, t)
		site.Faulty = true
		s, err := k.Open(ctx, site)
		if err != nil {
			return fmt.Errorf("%s: %w", k.Name, err)
		}
		subjects[i] = s
	}
	measure := func(state string) error {
		for i := range kinds {
			at := (i + round) % len(kinds)
			t := turns[at]
			t.load.Keys, _ = b.keys(t.load)
			t.load.For = b.run.Settings.Fault
			if state == healthy {
				warm := t.load
				warm.For = b.run.Settings.Warm
				if _, err := drive(ctx, subjects[at], warm); err != nil {
					return err
				}
			}
			runtime.GC()
			y, err := drive(ctx, subjects[at], t.load)
			if err != nil {
				return err
			}
			b.run.Measurements = append(b.run.Measurements, b.note(t, round, state, y))
		}
		return nil
	}
	if err := measure(healthy); err != nil {
		return err
	}
	err := hurt(ctx)
	if err == nil {
		err = measure(workload)
	}
	if healed := heal(ctx); err == nil {
		err = healed
	}
	closeAll()
	if err == nil {
		err = b.nodes.flush(ctx)
	}
	return err
}
