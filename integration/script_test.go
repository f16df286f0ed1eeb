package integration

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// Scripts that a node forgets between operations cost nothing but a repetition: every first round wins, every lease is
// extended and unlocked.
func TestForgottenScriptsAreGivenAgain(t *testing.T) {
	n := sharedNodes(t)
	eachMode(t, func(t *testing.T, mode redlock.Mode) {
		l := dial(t, n.Addrs(), redlock.Config{Mode: mode})
		for range 5 {
			n.tell(t, n.all(), "SCRIPT", "FLUSH")
			lease := tryLock(t, l, "key")
			n.tell(t, n.all(), "SCRIPT", "FLUSH")
			if err := lease.Extend(t.Context()); err != nil {
				t.Error(err)
			}
			n.tell(t, n.all(), "SCRIPT", "FLUSH")
			unlock(t, lease)
		}
		n.nothingLeft(t)
	})
}

// A grant that has to be repeated because the node has forgotten its script is not overtaken by its own undo, which
// waits in the same batch: nothing is left of a cancelled Lock.
func TestUndoDoesNotOvertakeARepeatedGrant(t *testing.T) {
	t.Parallel()
	n := start(t, cluster.Spec{Nodes: 1})
	l := dial(t, n.Addrs(), redlock.Config{})
	first, busy := lock(t, l, "first"), lock(t, l, "busy")
	n.ask(t, 0, "SCRIPT", "FLUSH")
	unlock(t, first) // now the node knows how to release, and nothing else
	n.ask(t, 0, "CLIENT", "PAUSE", 200, "WRITE")
	extended := make(chan error, 1)
	go func() { extended <- busy.Extend(t.Context()) }()
	time.Sleep(30 * time.Millisecond) // it occupies the lane, so that grant and undo gather behind it
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := l.TryLock(ctx, "cancelled"); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("got %v, want the end of the context", err)
	}
	if err := <-extended; err != nil {
		t.Fatal(err)
	}
	unlock(t, busy)
	n.nothingLeft(t)
}

// A key that is unlocked and locked again at once is granted by every node, also by one that has forgotten how to
// release: the release is not overtaken by the grant that waits in the same batch.
func TestGrantDoesNotOvertakeARepeatedRelease(t *testing.T) {
	t.Parallel()
	n := start(t, cluster.Spec{Nodes: 3})
	l := dial(t, n.Addrs(), redlock.Config{})
	key, busy := lock(t, l, "key"), lock(t, l, "busy")
	n.heldBy(t, "key", key.Owner(), n.all()...)
	n.tell(t, n.all(), "SCRIPT", "FLUSH")
	other := lock(t, l, "other") // now the nodes know how to grant, and nothing else
	n.heldBy(t, "other", other.Owner(), n.all()...)
	n.ask(t, 0, "CLIENT", "PAUSE", 100, "WRITE")
	if err := busy.Extend(t.Context()); err != nil { // by the two others, while it occupies the lane of the first
		t.Fatal(err)
	}
	unlock(t, key)
	key = tryLock(t, l, "key")
	n.heldBy(t, "key", key.Owner(), n.all()...)
	unlock(t, key)
	unlock(t, busy)
	unlock(t, other)
	n.nothingLeft(t)
}
