package main

import (
	"context"

	"github.com/go-redsync/redsync/v4"
	redsyncredis "github.com/go-redsync/redsync/v4/redis"
	adapter "github.com/go-redsync/redsync/v4/redis/rueidis"
	"github.com/redis/rueidis"
	"github.com/redis/rueidis/rueidiscompat"
)

func redsyncRueidisKind() Kind {
	return Kind{
		Name:  redsyncRueidis,
		Notes: "redsync v4.18.1, its defaults, over its own adapter for rueidis v1.0.79, its defaults: commands of all workers share connections and are pipelined by the client.",
		Open: func(_ context.Context, site Site) (Subject, error) {
			var clients []rueidis.Client
			var pools []redsyncredis.Pool
			closeAll := func() {
				for _, c := range clients {
					c.Close()
				}
			}
			for _, addr := range site.Addrs {
				c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{addr}})
				if err != nil {
					closeAll()
					return nil, err
				}
				clients = append(clients, c)
				pools = append(pools, adapter.NewPool(rueidiscompat.NewAdapter(c)))
			}
			return redsyncSubject{rs: redsync.New(pools...), close: closeAll}, nil
		},
	}
}
