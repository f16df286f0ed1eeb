package main

import (
	"context"
	"runtime"

	"github.com/go-redsync/redsync/v4"
	redsyncredis "github.com/go-redsync/redsync/v4/redis"
	"github.com/go-redsync/redsync/v4/redis/goredis/v9"
	"github.com/redis/go-redis/v9"
)

// redsyncSubject is redsync, whatever it talks through.
type redsyncSubject struct {
	rs      *redsync.Redsync
	options []redsync.Option
	close   func()
}

func redsyncKind(name string, failFast bool) Kind {
	notes := "redsync v4.18.1 over go-redis v9.23.0, defaults of both (expiry 8 s, 32 tries 50–250 ms apart, node timeout 5 % of the expiry)"
	var options []redsync.Option
	if failFast {
		notes = "the same with `WithFailFast(true)`"
		options = append(options, redsync.WithFailFast(true))
	}
	return Kind{
		Name:  name,
		Notes: notes + "; " + poolNotes + "; a new `Mutex` for each cycle.",
		Open: func(_ context.Context, site Site) (Subject, error) {
			clients := make([]*redis.Client, len(site.Addrs))
			pools := make([]redsyncredis.Pool, len(site.Addrs))
			for i, addr := range site.Addrs {
				clients[i] = goRedis(addr, site)
				pools[i] = goredis.NewPool(clients[i])
			}
			return redsyncSubject{rs: redsync.New(pools...), options: options, close: func() {
				for _, c := range clients {
					_ = c.Close()
				}
			}}, nil
		},
	}
}

// poolNotes say what goRedis does: pools of 64 and of 256 connections were tried too, and are slower.
const poolNotes = "go-redis's default pool of 10 connections per core to each node, with which 256 workers got more done here than with 64 or 256; on hung or killed nodes as many as there are workers"

// goRedis returns a client with go-redis's defaults, except that no worker has to wait behind others for a connection
// that is lost on a faulty node.
func goRedis(addr string, site Site) *redis.Client {
	o := &redis.Options{Addr: addr}
	if site.Faulty {
		o.PoolSize = max(site.Workers, 10*runtime.GOMAXPROCS(0))
	}
	return redis.NewClient(o)
}

func (r redsyncSubject) Cycle(ctx context.Context, _ int, key string, hold func()) error {
	mutex := r.rs.NewMutex(key, r.options...)
	if err := mutex.LockContext(ctx); err != nil {
		return err
	}
	if hold != nil {
		hold()
	}
	_, err := mutex.UnlockContext(ctx)
	return err
}

func (r redsyncSubject) Close() { r.close() }
