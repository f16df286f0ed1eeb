package lock

import (
	"context"

	"github.com/quorumlock/quorumlock/redlock"
)

// library is the library behind this package's face.
type library struct{ locker *redlock.Locker }

func openLibrary(cfg Config) (Locker, error) {
	mode := redlock.Fenced
	if cfg.Plain {
		mode = redlock.Plain
	}
	l, err := redlock.Dial(cfg.Addrs, redlock.Config{
		TTL: cfg.TTL, MaxTTL: cfg.MaxTTL, NodeTimeout: cfg.NodeTimeout, Mode: mode, Fresh: cfg.Fresh,
		Deployment: cfg.Deployment, TLS: cfg.TLS,
	})
	if err != nil {
		return nil, err
	}
	return library{l}, nil
}

func (l library) Lock(ctx context.Context, key string) (Lease, error) {
	return lend(l.locker.Lock(ctx, key))
}

func (l library) TryLock(ctx context.Context, key string) (Lease, error) {
	return lend(l.locker.TryLock(ctx, key))
}

func (l library) Close() error { return l.locker.Close() }

// lend keeps a lease that is not there from becoming a Lease that is not nil.
func lend(lease *redlock.Lease, err error) (Lease, error) {
	if err != nil {
		return nil, err
	}
	return lease, nil
}
