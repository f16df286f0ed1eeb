package demo

import (
	"context"
	"slices"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
)

const (
	soloKey   = "demo/solo"
	soloPause = 50 * time.Millisecond
)

// practise takes a key that nobody else wants, over and over until ctx ends, to learn how long a lock takes by itself.
func practise(ctx context.Context, locker *redlock.Locker, j *journal) {
	for ctx.Err() == nil {
		act, began := j.current(), j.now()
		lease, err := locker.TryLock(ctx, soloKey)
		took := j.now() - began
		if ctx.Err() == nil && act == j.current() {
			j.write(func(h *History) { h.Solos = append(h.Solos, Solo{Act: act, Took: took, Err: err}) })
		}
		if err == nil {
			_ = lease.Unlock(ctx)
		}
		sleep(ctx, soloPause)
	}
}

// pace sums up the locks without competition of one act.
func (h *History) pace(act int) (median, worst time.Duration, samples int) {
	var took []time.Duration
	for _, s := range h.Solos {
		if s.Act == act && s.Err == nil {
			took = append(took, s.Took)
		}
	}
	if len(took) == 0 {
		return 0, 0, 0
	}
	slices.Sort(took)
	return took[len(took)/2], took[len(took)-1], len(took)
}
