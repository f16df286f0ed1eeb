package main

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"
)

// bystander is the subject of the workload that locks nothing.
const bystander = "clock"

// stalls measures for how long the machine leaves a thread alone that could run: with as many threads as there are cores,
// all of which read the clock and do nothing else. Whoever shares the cores, or the machine that this one runs on, shows in
// it, and in every subject's longest wait; so does a quota of processor time, which these threads use up sooner.
func (b *bench) stalls(ctx context.Context, round int) {
	length := b.run.Settings.OneKey
	most := make([]time.Duration, runtime.GOMAXPROCS(0))
	runtime.GC()
	var wg sync.WaitGroup
	begin := time.Now()
	for i := range most {
		wg.Go(func() { most[i] = stall(ctx, begin, length) })
	}
	wg.Wait()
	m := Measurement{Workload: stalls, State: healthy, Subject: bystander, Round: round, Workers: len(most),
		Seconds: time.Since(begin).Seconds(), StallMax: ms(slices.Max(most)), KeysLeft: -1}
	b.run.Measurements = append(b.run.Measurements, m)
	b.logf("%s %d/%d, %s: %.2f ms at most", m.Workload, round+1, b.run.Settings.rounds(oneKey), plural(m.Workers, "thread"), m.StallMax)
}

// stall returns the longest time between two looks at the clock.
func stall(ctx context.Context, begin time.Time, length time.Duration) (most time.Duration) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	last := time.Since(begin)
	for last < length && ctx.Err() == nil {
		now := time.Since(begin)
		most = max(most, now-last)
		last = now
	}
	return most
}
