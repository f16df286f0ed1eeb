// Package fencing is for what a lock protects: it refuses writes of a holder that has lost its lock and has not noticed.
//
// Every lease of package redlock carries a fence, a number that is larger for every later holder of its key
// (Lease.Fence). A holder sends it along with every write. Whoever carries writes out keeps the largest fence that it has
// seen, and refuses a smaller one. The same fence is not refused: a holder writes as often as it likes.
//
// The look at the fence and the write have to be one step. Where the data is in
//
//   - a SQL database, they are one statement or one transaction, and [Written] tells whether it was refused;
//   - Redis, they are one script: see [NewScript];
//   - a service of your own, it is a [Gate] before the service, and [Handler] for one that speaks HTTP.
//
// The fences are to be kept as long as what they protect, and as safely: a storage that forgets the largest fence accepts
// a stale one.
package fencing

import (
	"context"
	"errors"
	"fmt"
)

// ErrStale is matched by errors of writes whose fence is smaller than one that was there before: the lock is somebody
// else's. Stop what it protected; to try again is of no use.
var ErrStale = errors.New("stale fence")

// ErrNoFence is matched by errors of writes that come with fence 0, which is that of no lease: locks of mode Plain have no
// fences. It is also that of fences from 2⁵³ on, which no lease has, and Redis cannot compare.
var ErrNoFence = errors.New("not the fence of a lease")

// StaleError tells which fence was refused. It matches [ErrStale].
type StaleError struct {
	Key     string // what was to be written
	Fence   uint64 // of the write
	Largest uint64 // that was there before
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("fencing: write %q: stale fence %d: a holder with fence %d was there", e.Key, e.Fence, e.Largest)
}

// Is reports whether target is [ErrStale].
func (e *StaleError) Is(target error) bool { return target == ErrStale }

// Store keeps the largest fence that was seen for each key.
type Store interface {
	// Raise makes fence the largest of key if it is larger than that, and returns the larger of both. It is one step: of
	// two calls, the second one to return knows of the first. It must be safe for concurrent use.
	Raise(ctx context.Context, key string, fence uint64) (largest uint64, err error)
}

// limit is the first number that a float64, and so a script of Redis, may confuse with another one.
const limit = 1 << 53

// check says whether fence can be one of a lease.
func check(key string, fence uint64) error {
	if fence == 0 || fence >= limit {
		return fmt.Errorf("fencing: write %q: fence %d: %w", key, fence, ErrNoFence)
	}
	return nil
}
