package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
)

// startWork has workers lock, on keys that they share in part, until ctx ends.
func startWork(ctx context.Context, locker *redlock.Locker, workers int, ttl time.Duration) *sync.WaitGroup {
	var all sync.WaitGroup
	for range workers {
		all.Go(func() {
			for ctx.Err() == nil {
				lockOnce(ctx, locker, fmt.Sprintf("orders/%d", rand.IntN(workers)), ttl)
			}
		})
	}
	return &all
}

// lockOnce holds one key for a moment: mostly for a short one, sometimes for so long that the lease has to be extended.
func lockOnce(ctx context.Context, locker *redlock.Locker, key string, ttl time.Duration) {
	waiting, cancel := context.WithTimeout(ctx, ttl)
	defer cancel()
	lease, err := locker.Lock(waiting, key)
	if err != nil {
		pause(ctx, 100*time.Millisecond) // a service would report the error here
		return
	}
	defer func() { _ = lease.Unlock(ctx) }()
	hold := time.Duration(rand.Int64N(int64(ttl / 100)))
	if rand.IntN(50) == 0 {
		hold = ttl
	}
	pause(lease.Context(ctx), hold)
}

// pause waits for d, or until ctx ends.
func pause(ctx context.Context, d time.Duration) {
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}
