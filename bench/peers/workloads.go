package main

import "context"

// quorums are the subjects that lock on a majority of nodes: all but the single node, and the limits.
var quorums = []string{oursPlain, oursFenced, redsyncDefault, redsyncFast, redsyncRueidis, rueidisLock}

// throughput: 256 workers, each on keys of its own.
func (b *bench) throughput(ctx context.Context) error {
	var turns []turn
	for _, k := range b.only {
		turns = append(turns, b.newTurn(throughput, k, b.run.Settings.Nodes, 256))
	}
	return b.rounds(ctx, turns)
}

// latency: one worker that locks and unlocks.
func (b *bench) latency(ctx context.Context) error {
	return b.lone(ctx, latency, b.these(append(quorums, redisLock, rawPlain, rawFenced)...), b.run.Settings.Nodes)
}

// sizes: the same on other numbers of nodes.
func (b *bench) sizes(ctx context.Context) error {
	return b.lone(ctx, sizes, b.these(append(quorums, rawPlain, rawFenced)...), 3, 7)
}

func (b *bench) lone(ctx context.Context, workload string, kinds []Kind, sizes ...int) error {
	var turns []turn
	for _, n := range sizes {
		for _, k := range kinds {
			turns = append(turns, b.newTurn(workload, k, n, 1))
		}
	}
	return b.rounds(ctx, turns)
}

// allocs: what a lock costs the client's memory, with one worker and with 256.
func (b *bench) allocs(ctx context.Context) error {
	var turns []turn
	for _, workers := range []int{1, 256} {
		for _, k := range b.these(append(quorums, redisLock)...) {
			t := b.newTurn(allocs, k, b.run.Settings.Nodes, workers)
			t.load.Record = false
			turns = append(turns, t)
		}
	}
	return b.rounds(ctx, turns)
}

// cpu: what a lock costs the client's processor, by number of nodes.
func (b *bench) cpu(ctx context.Context) error {
	var turns []turn
	for _, n := range []int{3, 5, 7, 9} {
		for _, k := range b.these(append(quorums, rawPipelined)...) {
			t := b.newTurn(cpu, k, n, 64)
			t.load.Record = false
			turns = append(turns, t)
		}
	}
	return b.rounds(ctx, turns)
}

// oneKey: 64 workers want the same key.
func (b *bench) oneKey(ctx context.Context) error {
	var turns []turn
	for _, k := range b.these(oursPlain, oursFenced, redsyncDefault, redsyncFast, rueidisLock) {
		t := b.newTurn(oneKey, k, b.run.Settings.Nodes, 64)
		t.load.One = true
		t.load.For = b.run.Settings.OneKey
		turns = append(turns, t)
	}
	round := -1
	return b.alternate(turns, func(t turn, r int) error {
		if r != round {
			round = r
			b.stalls(ctx, round)
		}
		return b.take(ctx, b.nodes, t, r, healthy)
	})
}

// links: one worker, and every node further away than the one before. The proxies that make it so run in this
// process, so that nothing but latency is measured.
func (b *bench) links(ctx context.Context) (err error) {
	s := b.run.Settings
	far, err := startNodes(ctx, s.Kind, s.Nodes, true, b.logf)
	if err != nil {
		return err
	}
	defer func() {
		if closed := far.close(); err == nil {
			err = closed
		}
	}()
	for i, n := range far.cluster.Nodes() {
		if err := n.Link().Slow(linkDelays[i%len(linkDelays)]); err != nil {
			return err
		}
	}
	kinds := b.these(quorums...)
	for round := range s.rounds(links) {
		for i := range kinds {
			t := b.newTurn(links, kinds[(i+round)%len(kinds)], s.Nodes, 1)
			if err := b.take(ctx, far, t, round, slow); err != nil {
				return err
			}
		}
	}
	return nil
}
