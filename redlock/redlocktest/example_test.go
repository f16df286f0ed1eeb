package redlocktest_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/quorumlock/quorumlock/redlock"
	"github.com/quorumlock/quorumlock/redlock/redlocktest"
)

// A test gets nodes, makes a locker for each process that it imitates, and breaks nodes as it likes.
func ExampleNew() {
	t, end := test() // as a test gets it
	defer end()

	cluster := redlocktest.New(t, 5)
	locker := cluster.Locker(redlock.Config{})

	cluster.Kill(0, 1) // a minority
	lease, err := locker.TryLock(context.Background(), "orders/42")
	fmt.Println("two nodes of five killed:", err)
	fmt.Println("unlocked:", lease.Unlock(context.Background()))

	cluster.Kill(2)
	_, err = locker.TryLock(context.Background(), "orders/42")
	fmt.Println("three killed, no quorum:", errors.Is(err, redlock.ErrNoQuorum))
	// Output:
	// two nodes of five killed: <nil>
	// unlocked: <nil>
	// three killed, no quorum: true
}

// test stands for what `go test` gives a test: an Example has none.
func test() (t testing.TB, end func()) {
	r := &rehearsal{}
	return r, func() {
		for i := range r.cleanups {
			r.cleanups[len(r.cleanups)-1-i]()
		}
	}
}

type rehearsal struct {
	testing.TB
	cleanups []func()
}

func (*rehearsal) Helper()                   {}
func (r *rehearsal) Cleanup(f func())        { r.cleanups = append(r.cleanups, f) }
func (*rehearsal) Fatal(args ...any)         { panic(fmt.Sprint(args...)) }
func (*rehearsal) Fatalf(s string, a ...any) { panic(fmt.Sprintf(s, a...)) }
