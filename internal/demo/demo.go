// Package demo plays a lock that survives its nodes, in four acts: all nodes are up; a minority is killed; one more is
// killed while somebody holds the key; the nodes come back. Contenders take turns on one key all the while.
//
// What happens is told event by event while it happens, and kept in a [History]. [Judge] decides from that history
// alone whether the promises of package redlock were kept, so that it can be tested with histories that were never played.
package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// Config is how a demo is played. All fields but Tell must be set.
type Config struct {
	Kind  cluster.Kind
	Nodes int           // odd, at least 3
	TTL   time.Duration // of the leases
	Act   time.Duration // how long each of the acts 1, 2 and 4 lasts once its faults are done; act 3 takes about a TTL
	Key   string        // what the contenders compete for
	Names []string      // of the contenders, at least 2
	// Tell hears of every event, one at a time and in the order of their times. nil is silent.
	Tell func(Event)
}

const (
	holding     = 150 * time.Millisecond // how long a turn lasts
	resting     = 200 * time.Millisecond // from a turn to the next try, at least; at most twice that
	nodeTimeout = 500 * time.Millisecond
	// recovery is what it may take to acquire after the nodes are back, beyond the TTL for which their old keys may
	// live: a lane asks a dead node twice a second, and two rounds follow.
	recovery = time.Second + 2*nodeTimeout
)

// patience is for how long a contender waits for the key before it gives up and asks again.
func (cfg Config) patience() time.Duration { return max(cfg.TTL/4, 300*time.Millisecond) }

func (cfg Config) lock() redlock.Config {
	return redlock.Config{
		TTL: cfg.TTL, MaxTTL: cfg.TTL, Drift: clock.DefaultDrift, NodeTimeout: nodeTimeout,
		Backoff: redlock.Backoff{Min: 5 * time.Millisecond, Max: 60 * time.Millisecond},
		Fresh:   true, // we have just started the nodes
	}
}

// ErrStopped is Run's answer when ctx ended before the play did, and all nodes are removed.
var ErrStopped = errors.New("stopped before its end")

// Run starts the nodes, plays the four acts, looks for what they left, and removes the nodes, which it does in any
// case, also when ctx ends. The error says why the play did not come to its end, or that nodes could not be removed;
// then there is nothing to judge. It is [ErrStopped] when all that happened is that ctx ended.
func Run(ctx context.Context, cfg Config) (h *History, err error) {
	j := newJournal(cfg)
	j.say(Event{Kind: Starting, Count: cfg.Nodes, Backend: string(cfg.Kind)})
	began := time.Now()
	nodes, err := cluster.Start(ctx, cluster.Spec{Kind: cfg.Kind, Nodes: cfg.Nodes})
	if err != nil {
		// Start has removed everything again, unless it says something beside the reason why ctx ended.
		if cause := context.Cause(ctx); cause != nil && err.Error() == cause.Error() {
			err = ErrStopped
		}
		return nil, err
	}
	defer func() {
		j.say(Event{Kind: Removing})
		if closing := nodes.Close(); closing != nil {
			err = errors.Join(err, fmt.Errorf("remove the nodes: %w", closing))
		}
	}()
	j.history.Nodes = nodes.Addrs()
	j.say(Event{Kind: Ready, Nodes: nodes.Addrs(), Took: time.Since(began)})

	s := &stage{cfg: cfg, journal: j, nodes: nodes}
	err = s.play(ctx)
	switch {
	case ctx.Err() != nil:
		return nil, ErrStopped // whatever else failed, failed because of that
	case err != nil:
		return nil, err
	}
	return &j.history, nil
}
