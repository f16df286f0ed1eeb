package redlock_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"time"

	"github.com/alicebob/miniredis/v2"

	"github.com/quorumlock/quorumlock/redlock"
)

// nodes starts n Redis masters in this process, which is enough to see the package work.
func nodes(n int) (addrs []string, stop func()) {
	var all []*miniredis.Miniredis
	for range n {
		m := miniredis.NewMiniRedis()
		if err := m.Start(); err != nil {
			log.Fatal(err)
		}
		all, addrs = append(all, m), append(addrs, m.Addr())
	}
	declareNew(addrs)
	return addrs, func() {
		for _, m := range all {
			m.Close()
		}
	}
}

// declareNew tells nodes that no lock can be held on them yet. Without that, new nodes wait for Config.MaxTTL before they
// vote: they cannot know that they have forgotten nothing.
func declareNew(addrs []string) {
	locker, err := redlock.Dial(addrs, redlock.Config{Fresh: true})
	if err != nil {
		log.Fatal(err)
	}
	defer locker.Close()
	err = locker.Do(context.Background(), "any", func(context.Context, *redlock.Lease) error { return nil })
	if err != nil {
		log.Fatal(err)
	}
}

// Run a function while holding a key, and stop it when the key is lost.
func ExampleLocker_Do() {
	addrs, stop := nodes(5)
	defer stop()

	locker, err := redlock.Dial(addrs, redlock.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer locker.Close()

	err = locker.Do(context.Background(), "orders/42", func(ctx context.Context, lease *redlock.Lease) error {
		// ctx ends before anyone else can hold orders/42.
		fmt.Println("shipping order 42")
		return nil
	})
	if err != nil {
		log.Fatal(err)
	}
	// Output: shipping order 42
}

// Hold a lease for as long as it takes, and give its fence to the storage, which refuses smaller ones.
func ExampleLocker_Lock() {
	addrs, stop := nodes(3)
	defer stop()
	locker, err := redlock.Dial(addrs, redlock.Config{TTL: 5 * time.Second})
	if err != nil {
		log.Fatal(err)
	}
	defer locker.Close()

	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	lease, err := locker.Lock(ctx, "reports/daily")
	if err != nil {
		log.Fatal(err)
	}
	defer lease.Unlock(ctx) // works although ctx has ended by then

	fmt.Println("held:", lease.Err() == nil, "fenced:", lease.Fence() > 0)
	// Output: held: true fenced: true
}

// Try once, and do something else when somebody has the key.
func ExampleLocker_TryLock() {
	addrs, stop := nodes(3)
	defer stop()
	locker, err := redlock.Dial(addrs, redlock.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer locker.Close()

	ctx := context.Background()
	lease, err := locker.TryLock(ctx, "cron/cleanup")
	if err != nil {
		log.Fatal(err)
	}
	_, err = locker.TryLock(ctx, "cron/cleanup")
	switch {
	case errors.Is(err, redlock.ErrHeld):
		fmt.Println("somebody else is at it")
	case errors.Is(err, redlock.ErrNoQuorum):
		fmt.Println("too few nodes answer:", err)
	}
	fmt.Println("unlocked:", lease.Unlock(ctx))
	// Output:
	// somebody else is at it
	// unlocked: <nil>
}

// Wait for a key that another process holds: its Unlock has the nodes wake whoever has waited longest.
func ExampleLocker_Lock_waiting() {
	addrs, stop := nodes(3)
	defer stop()
	open := func() *redlock.Locker { // each stands for a process of its own
		locker, err := redlock.Dial(addrs, redlock.Config{})
		if err != nil {
			log.Fatal(err)
		}
		return locker
	}
	first, second := open(), open()
	defer first.Close()
	defer second.Close()

	ctx := context.Background()
	held, err := first.Lock(ctx, "orders/42")
	if err != nil {
		log.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		err := second.Do(ctx, "orders/42", func(_ context.Context, lease *redlock.Lease) error {
			fmt.Println("second, with a larger fence:", lease.Fence() > held.Fence())
			return nil
		})
		if err != nil {
			log.Fatal(err)
		}
	}()
	fmt.Println("first")
	if err := held.Unlock(ctx); err != nil {
		log.Fatal(err)
	}
	<-done
	// Output:
	// first
	// second, with a larger fence: true
}

// A lease's context stops work that goes on when the lease is lost.
func ExampleLease_Context() {
	addrs, stop := nodes(3)
	locker, err := redlock.Dial(addrs, redlock.Config{TTL: 300 * time.Millisecond})
	if err != nil {
		log.Fatal(err)
	}
	defer locker.Close()
	lease, err := locker.Lock(context.Background(), "leader")
	if err != nil {
		log.Fatal(err)
	}

	ctx := lease.Context(context.Background())
	stop() // all nodes die
	<-ctx.Done()
	fmt.Println(context.Cause(ctx))
	// Output: redlock: lease lost
}

// Read what each node said out of an error.
func ExampleQuorumError_NodeErrors() {
	addrs, stop := nodes(3)
	locker, err := redlock.Dial(addrs, redlock.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer locker.Close()
	stop() // all nodes die

	_, err = locker.TryLock(context.Background(), "orders/42")
	var quorum *redlock.QuorumError
	switch {
	case errors.Is(err, redlock.ErrHeld):
		fmt.Println("somebody else has it: try later")
	case errors.As(err, &quorum):
		for _, node := range quorum.NodeErrors() {
			log.Println(node.Addr, "says", node.Err)
		}
	}
	fmt.Println("no quorum:", errors.Is(err, redlock.ErrNoQuorum))
	// Output: no quorum: true
}

// Look at the nodes, beside the locks that are under way.
func ExampleLocker_Check() {
	addrs, stop := nodes(3)
	defer stop()
	locker, err := redlock.Dial(addrs, redlock.Config{})
	if err != nil {
		log.Fatal(err)
	}
	defer locker.Close()

	ctx := context.Background()
	health, err := locker.Check(ctx)
	for _, node := range health.Nodes {
		if node.Err != nil || node.VotesIn > 0 || node.Warning != "" {
			fmt.Println(node.Addr, node.Err, node.VotesIn, node.Warning)
		}
	}
	fmt.Println("can lock:", err == nil, "votes:", health.Voting(), "needed:", health.Need)
	// Output: can lock: true votes: 3 needed: 2
}
