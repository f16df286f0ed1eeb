package redlock

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/quorumlock/quorumlock/internal/memory"
)

// An Extend that failed names the nodes that its own round waited for in vain, and not those that the next round, which
// begins at once because others ask, has not heard of yet.
func TestFailedExtendIsAboutItsOwnRound(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{Mode: mode, TTL: 4 * time.Second, NoRenew: true})
		lease := mustLock(t, l, "k")
		synctest.Wait()
		fail(nodes, 2, memory.Hung)
		first := make(chan error, 1)
		go func() { first <- lease.Extend(t.Context()) }()
		synctest.Wait()
		go func() { _ = lease.Extend(t.Context()) }() // waits for the round after that
		err := <-first
		wantIs(t, err, ErrNoQuorum)
		failed, _ := errors.AsType[*QuorumError](err)
		if failed == nil || len(failed.NodeErrors()) != 2 {
			t.Fatalf("got %v, want the two nodes that hang", err)
		}
		for i, said := range failed.NodeErrors() {
			if said.Addr != nodes[i].Name || errors.Is(said.Err, errSilent) {
				t.Errorf("got %v, want that %s did not answer in time", said, nodes[i].Name)
			}
		}
		fail(nodes, 0, memory.Healthy)
		time.Sleep(soon)
	})
}

// R2: an answer that comes late, to an extend that has failed already, is none to the next one: that would move the
// window to a time that the node has never heard of.
func TestLateAnswerIsNoneToTheNextRound(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 3)
		// A round of an extend lasts a quarter of the TTL, and an exchange as long as NodeTimeout.
		l := on(t, nodes, Config{Mode: mode, TTL: 2 * time.Second, NodeTimeout: time.Second, NoRenew: true})
		lease := mustLock(t, l, "k")
		wantIs(t, lease.Extend(t.Context()), nil) // so that the nodes know the script
		synctest.Wait()
		nodes[2].Set(memory.Hung)
		nodes[1].Slow(280*time.Millisecond, 0) // the answer takes 560ms, and the round 500ms
		start := time.Now()
		wantIs(t, lease.Extend(t.Context()), ErrNoQuorum)
		if took := time.Since(start); took != 500*time.Millisecond {
			t.Fatalf("took %v, want a quarter of the TTL; the test proves nothing", took)
		}
		nodes[1].Set(memory.Mute) // what it says from now on is lost
		err := lease.Extend(t.Context())
		wantIs(t, err, ErrNoQuorum)
		if took := time.Since(start); took != time.Second {
			t.Errorf("the second Extend was over after %v, want both to take their whole time", took)
		}
		fail(nodes, 0, memory.Healthy)
		time.Sleep(soon)
	})
}

// A Lock on the context of a lease that ended says so, beside the context's end, and is no lease of that key.
func TestLockOnALostLeasesContext(t *testing.T) {
	bubble(t, func(t *testing.T, mode Mode) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{Mode: mode})
		ctx := mustLock(t, l, "one").Context(t.Context())
		held := mustLock(t, l, "other")
		synctest.Wait()
		for _, m := range nodes {
			m.Del("one")
		}
		got, err := l.Lock(ctx, "other")
		wantIs(t, err, ErrLost, context.Canceled, ErrHeld)
		if got != nil || held.Err() != nil {
			t.Errorf("got a lease %v, and the holder's is over by %v", got, held.Err())
		}
	})
}
