package integration

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// openers are both ways to make a locker: with connections of its own, and with go-redis clients that repeat a command
// three times when its reply is lost.
var openers = map[string]func(t testing.TB, addrs []string, cfg redlock.Config) *redlock.Locker{"Dial": dial, "New": using}

// eachOpener runs f in both modes with lockers of both kinds, each kind and mode on nodes of its own behind proxies.
func eachOpener(t *testing.T, f func(t *testing.T, n *nodes, l *redlock.Locker, cfg redlock.Config)) {
	t.Parallel()
	for opener, open := range openers {
		t.Run(opener, func(t *testing.T) {
			t.Parallel()
			n := start(t, cluster.Spec{Nodes: 5, Proxied: true})
			eachMode(t, func(t *testing.T, mode redlock.Mode) {
				cfg := redlock.Config{Mode: mode, TTL: 2 * time.Second, MaxTTL: 2 * time.Second}
				l := open(t, n.Addrs(), cfg)
				cycle(t, l, "key")
				f(t, n, l, cfg)
				n.nothingLeft(t)
			})
		})
	}
}

// When a minority obeys and its replies are lost, the first round wins without them, and so does every other operation;
// once replies come through again nothing is left there.
func TestLostRepliesOfAMinority(t *testing.T) {
	eachOpener(t, func(t *testing.T, n *nodes, l *redlock.Locker, cfg redlock.Config) {
		lost := []int{1, 4}
		n.dropReplies(t, lost...)
		for range 5 {
			lease := tryLock(t, l, "key")
			if err := lease.Extend(t.Context()); err != nil {
				t.Error(err)
			}
			unlock(t, lease)
		}
		n.restore(t, lost...)
		takesPart(t, n, l)
	})
}

// When a majority obeys and its replies are lost, that is no quorum. It is not "held", although our own owner stands
// under the key there, and nothing of it is in the way once replies come through again.
func TestLostRepliesOfAMajorityAreNotHeld(t *testing.T) {
	eachOpener(t, func(t *testing.T, n *nodes, l *redlock.Locker, cfg redlock.Config) {
		lost := []int{0, 1, 3}
		n.dropReplies(t, lost...)
		for range 3 {
			lease, err := l.TryLock(t.Context(), "key")
			if lease != nil || errors.Is(err, redlock.ErrHeld) {
				t.Errorf("got %v, %v from silence", lease, err)
			}
			wantErr(t, err, redlock.ErrNoQuorum)
		}
		n.restore(t, lost...)
		n.nothingLeft(t)
		takesPart(t, n, l)
	})
}

// A grant that is repeated because its reply was lost finds our own owner under the key, and that is a yes: a TryLock
// through the loss never ends as "held", and a Lock ends with the lease.
func TestLostRepliesInTheMiddleOfARound(t *testing.T) {
	eachOpener(t, func(t *testing.T, n *nodes, l *redlock.Locker, cfg redlock.Config) {
		for i := range 6 {
			n.dropReplies(t, n.all()...)
			type end struct {
				lease *redlock.Lease
				err   error
			}
			ended := make(chan end, 1)
			ctx := bounded(t, patience)
			go func() {
				var e end
				if i%2 == 0 {
					e.lease, e.err = l.TryLock(ctx, "key")
				} else {
					e.lease, e.err = l.Lock(ctx, "key")
				}
				ended <- e
			}()
			time.Sleep(100 * time.Millisecond) // the grants are there, their replies are lost
			n.restore(t, n.all()...)           // which breaks the connections
			switch e := <-ended; {
			case e.err == nil:
				unlock(t, e.lease)
			case i%2 == 1:
				t.Errorf("lock: %v", e.err)
			case errors.Is(e.err, redlock.ErrHeld):
				t.Errorf("trylock: our own owner was taken for another's: %v", e.err)
			}
			eventually(t, soon, func() error {
				lease, err := l.TryLock(t.Context(), "key")
				if err == nil {
					err = lease.Unlock(t.Context())
				}
				return err
			})
		}
	})
}

// A lease whose renewals are obeyed by a majority that cannot say so is lost on time, and told so; what is left of it
// goes when replies come through again.
func TestLostRepliesOfRenewals(t *testing.T) {
	eachOpener(t, func(t *testing.T, n *nodes, l *redlock.Locker, cfg redlock.Config) {
		lease := lock(t, l, "key")
		ctx := lease.Context(t.Context())
		n.dropReplies(t, 0, 1, 2)
		since := time.Now()
		<-lease.Done()
		if told := time.Since(since); told >= cfg.TTL {
			t.Errorf("told after %v, want less than the TTL, %v", told, cfg.TTL)
		}
		wantErr(t, lease.Err(), redlock.ErrLost)
		<-ctx.Done()
		wantErr(t, context.Cause(ctx), redlock.ErrLost)
		n.restore(t, 0, 1, 2)
	})
}

// An Unlock whose replies are lost on a majority says ErrNoQuorum, and the key is gone all the same.
func TestLostRepliesOfAnUnlock(t *testing.T) {
	eachOpener(t, func(t *testing.T, n *nodes, l *redlock.Locker, cfg redlock.Config) {
		lease := lock(t, l, "key")
		n.heldBy(t, "key", lease.Owner(), n.all()...)
		n.dropReplies(t, 0, 2, 4)
		wantErr(t, lease.Unlock(t.Context()), redlock.ErrNoQuorum)
		wantErr(t, lease.Err(), redlock.ErrUnlocked)
		n.nothingLeftOn(t, 1, 3)
		n.restore(t, 0, 2, 4)
		n.nothingLeft(t)
	})
}
