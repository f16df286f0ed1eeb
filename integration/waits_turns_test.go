package integration

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/redlock"
)

const (
	waitsKeys    = 4
	waitsThreads = 8 // that lock them, of each process and of each locker in the test's own
	waitsTTL     = 2 * time.Second
	waitsTimeout = 500 * time.Millisecond // of a node
)

func waitsKey(i uint8) string { return fmt.Sprintf("waits/%d", i) }

// waits is a worker that takes turns until nobody has its standard input open any more.
func waits(l *redlock.Locker, job task) error {
	ctx, stop := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop()
	}()
	return takeTurns(ctx, l, job.Dir)
}

// takeTurns locks keys that others want, too, in several goroutines, until ctx ends, and writes all of it down.
func takeTurns(ctx context.Context, l *redlock.Locker, path string) error {
	d, err := openDiary(path)
	if err != nil {
		return err
	}
	errs := make([]error, waitsThreads)
	var working sync.WaitGroup
	for who := range errs {
		working.Go(func() {
			for ctx.Err() == nil && errs[who] == nil {
				errs[who] = d.turn(ctx, l, uint8(who))
			}
		})
	}
	working.Wait()
	return errors.Join(append(errs, d.close())...)
}

// turn is one try, which may be cancelled, and the hold that comes of it. Most holds are as short as can be, so that the key
// is given back while others are about to wait for it.
func (d *diary) turn(ctx context.Context, l *redlock.Locker, who uint8) error {
	p := page{key: uint8(rand.IntN(waitsKeys)), who: who}
	within, cancel := patienceOfAWaiter(ctx)
	p.asked = history.Now()
	lease, err := l.Lock(within, waitsKey(p.key))
	p.at = history.Now()
	left := lease.Left() // from later than p.at on, so that the lease is valid at p.at, and until p.at + left
	cancelled := within.Err() != nil
	cancel()
	switch {
	case err == nil && left > 0:
		p.kind, p.fence = pageGot, lease.Fence()
	case err == nil:
		p.kind = pageLate
	case ctx.Err() != nil:
		p.kind = pageStop
	case cancelled:
		p.kind = pageLeft
	default:
		return err
	}
	err = d.write(p)
	if lease == nil {
		return err
	}
	if rand.IntN(32) == 0 {
		time.Sleep(time.Millisecond + rand.N(2*time.Millisecond))
	}
	if p.kind == pageGot {
		over := page{kind: pageOver, key: p.key, who: who, at: history.Now()}
		if lease.Err() != nil { // it was over before
			over.at = min(over.at, p.at+left)
		}
		err = errors.Join(err, d.write(over))
	}
	_ = lease.Unlock(context.Background()) // nodes may be dying
	return err
}

// patienceOfAWaiter is the context of one try: two of three wait for as long as it takes, and the others give up, half of
// them when they have hardly begun.
func patienceOfAWaiter(ctx context.Context) (context.Context, context.CancelFunc) {
	switch rand.IntN(6) {
	case 0:
		return context.WithTimeout(ctx, rand.N(200*time.Microsecond))
	case 1:
		return context.WithTimeout(ctx, time.Millisecond+rand.N(49*time.Millisecond))
	default:
		return ctx, func() {}
	}
}
