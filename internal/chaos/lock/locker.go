package lock

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"time"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/quorum"
)

// Locker is what a client of a run locks with. It is safe for concurrent use. Its errors match those of package redlock,
// whichever locker it is.
type Locker interface {
	// Lock waits until the key is held, or ctx ends.
	Lock(ctx context.Context, key string) (Lease, error)
	// TryLock asks every node once.
	TryLock(ctx context.Context, key string) (Lease, error)
	// Close gives back what is held, and returns when no node that can be reached keeps a key of this locker, within
	// bounds. Its error says where one may be left until it expires.
	Close() error
}

// Lease is a key that is held, until it is unlocked or lost. It is safe for concurrent use.
type Lease interface {
	// Owner is the value that is stored under the key on the nodes: another one for every try.
	Owner() string
	// Fence is a number that is larger for every later holder; 0 with Config.Plain.
	Fence() uint64
	// Left is for how long the lease may be trusted if it is not extended; 0 when it is over.
	Left() time.Duration
	// Done is closed when the lease is over.
	Done() <-chan struct{}
	// Extend asks the nodes to keep the key for another TTL, beside what is done in the background.
	Extend(ctx context.Context) error
	// Unlock gives the key back on all nodes, also when ctx has ended. Whatever it returns, the lease is over.
	Unlock(ctx context.Context) error
}

// Config is how a locker locks.
type Config struct {
	Addrs       []string      // host:port of each node; of the library's also URLs
	TLS         *tls.Config   // of rediss URLs, for the library
	TTL         time.Duration // 0 means 10s
	Deployment  string        // as the library has it; the simple locker knows none
	MaxTTL      time.Duration // the longest TTL of any client of the run; 0 means 30s, or TTL if that is longer
	NodeTimeout time.Duration // how long one node may take to answer; 0 means 500ms
	Plain       bool          // no fences
	Fresh       bool          // no lock can be held on these nodes yet: they vote at once
}

// Open returns the locker of that name: "redlock" or "" is the library, "simple" the small one with all its rules, and
// what [Names] lists is broken. Nodes may be down now and come up later.
func Open(name string, cfg Config) (Locker, error) {
	if name == "" || name == "redlock" {
		return openLibrary(cfg)
	}
	broken, err := find(name)
	if err != nil {
		return nil, err
	}
	if cfg, err = cfg.complete(); err != nil {
		return nil, fmt.Errorf("lock: %w", err)
	}
	if cfg.Plain && broken == noWriteBack {
		return nil, fmt.Errorf("lock: %s breaks fences, and there are none in a plain run", name)
	}
	return openSimple(cfg, broken), nil
}

// complete returns cfg with the library's defaults filled in, or says what is wrong with it.
func (cfg Config) complete() (Config, error) {
	if cfg.TTL == 0 {
		cfg.TTL = 10 * time.Second
	}
	if cfg.MaxTTL == 0 {
		cfg.MaxTTL = max(30*time.Second, cfg.TTL)
	}
	if cfg.NodeTimeout == 0 {
		cfg.NodeTimeout = 500 * time.Millisecond
	}
	switch {
	case len(cfg.Addrs) == 0:
		return cfg, errors.New("no nodes")
	case len(cfg.Addrs) > quorum.MaxNodes:
		return cfg, fmt.Errorf("%d nodes; at most %d are possible", len(cfg.Addrs), quorum.MaxNodes)
	case cfg.TTL < 10*time.Millisecond:
		return cfg, fmt.Errorf("TTL %v is under 10ms", cfg.TTL)
	case cfg.TTL > cfg.MaxTTL:
		return cfg, fmt.Errorf("TTL %v is over MaxTTL, %v", cfg.TTL, cfg.MaxTTL)
	case cfg.NodeTimeout < time.Millisecond:
		return cfg, fmt.Errorf("NodeTimeout %v is under 1ms", cfg.NodeTimeout)
	}
	cfg.TTL = cfg.TTL.Truncate(time.Millisecond)
	return cfg, nil
}

// quarantine is for how long a node that may have forgotten votes gives none (R6).
func (cfg Config) quarantine() time.Duration {
	return time.Duration(float64(cfg.MaxTTL)*(1+clock.DefaultDrift.Rate)) + 10*time.Millisecond
}
