package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
)

// wait waits for the lease, or returns how the run ends without one. A signal ends the wait.
func (r *Run) wait(signals <-chan os.Signal) (*redlock.Lease, Outcome) {
	ctx, cancel := context.WithCancel(context.Background())
	if r.spec.Wait > 0 {
		ctx, cancel = context.WithTimeout(ctx, r.spec.Wait)
	}
	defer cancel()
	lock := r.locker.Lock
	if r.spec.NoWait {
		lock = r.locker.TryLock
	}
	r.tell("asks %d nodes for %q, and needs %d", len(r.notes.nodes), r.spec.Key, len(r.notes.nodes)/2+1)
	type result struct {
		lease *redlock.Lease
		err   error
	}
	results := make(chan result, 1)
	go func() {
		lease, err := lock(ctx, r.spec.Key)
		results <- result{lease, err}
	}()
	for {
		select {
		case <-r.notes.stir:
			r.tellNews()
		case s := <-signals:
			cancel()
			got := <-results
			// It may have come in the same moment.
			_ = got.lease.Unlock(ctx)
			return nil, stoppedBy(s)
		case got := <-results:
			r.tellNews()
			if got.err != nil {
				return nil, r.without(got.err)
			}
			return got.lease, Outcome{}
		}
	}
}

func stoppedBy(s os.Signal) Outcome {
	number, _ := s.(syscall.Signal)
	return Outcome{killedBy(int(number)), fmt.Errorf("stopped by SIG%s before the command began", SignalName(number))}
}

// without is how a run ends that did not get its lease.
func (r *Run) without(err error) Outcome {
	switch {
	case errors.Is(err, redlock.ErrHeld) && r.spec.Conflict == 0:
		r.tell("not run: %v", err)
		return Outcome{Code: 0}
	case errors.Is(err, redlock.ErrHeld):
		return Outcome{r.spec.Conflict, err}
	case errors.Is(err, redlock.ErrNoQuorum), errors.Is(err, redlock.ErrExpired):
		return Outcome{CodeNoQuorum, err}
	default: // a key that is none
		return Outcome{CodeUsage, err}
	}
}

// ready sees to it that there is enough left of the lease to start a command, or returns how the run ends.
func (r *Run) ready(signals <-chan os.Signal) *Outcome {
	waited := time.Since(r.began)
	if r.lease.Left() < r.spec.TTL/2 { // the nodes were slow
		ctx, cancel := context.WithTimeout(context.Background(), r.lease.Left())
		_ = r.lease.Extend(ctx)
		cancel()
	}
	select {
	case s := <-signals:
		o := stoppedBy(s)
		return &o
	default:
	}
	left := r.lease.Left()
	if r.spec.OnLost != Warn && left <= r.spec.Plan.Reserve() {
		return &Outcome{CodeLost, fmt.Errorf("the command was not started: %v are left of the lease, and %v are kept for ending it", round(left), r.spec.Plan.Reserve())}
	}
	fence := ""
	if f := r.lease.Fence(); f != 0 {
		fence = fmt.Sprintf(", fence %d", f)
	}
	r.tell("holds %q after %v: %d of %d nodes said yes%s, valid for %v until it is extended", r.spec.Key, round(waited), r.notes.votes(), len(r.notes.nodes), fence, round(left))
	return nil
}
