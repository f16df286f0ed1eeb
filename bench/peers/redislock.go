package main

import (
	"context"

	"github.com/bsm/redislock"
	"github.com/redis/go-redis/v9"
)

// redislockSubject is bsm/redislock on the first node.
type redislockSubject struct {
	client *redis.Client
	locks  *redislock.Client
}

func redislockKind() Kind {
	return Kind{
		Name: redisLock, Single: true,
		Notes: "bsm/redislock v0.10.0 over go-redis v9.23.0 on the **first node only**: it is no quorum lock, and nothing survives that node. Default options, TTL 10 s.",
		Open: func(_ context.Context, site Site) (Subject, error) {
			c := goRedis(site.Addrs[0], site)
			return redislockSubject{client: c, locks: redislock.New(c)}, nil
		},
	}
}

func (r redislockSubject) Cycle(ctx context.Context, _ int, key string, hold func()) error {
	lock, err := r.locks.Obtain(ctx, key, ttl, nil)
	if err != nil {
		return err
	}
	if hold != nil {
		hold()
	}
	return lock.Release(ctx)
}

func (r redislockSubject) Close() { _ = r.client.Close() }
