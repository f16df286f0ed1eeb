package node

import (
	"context"
	"errors"

	"github.com/redis/go-redis/v9"
)

// watch compares and deletes, or compares and extends, in a transaction: three round trips, for servers that offer
// neither scripts nor a command of their own for it.
func (n *Node) watch(ctx context.Context, c *call) {
	yes := false
	err := n.client.Watch(ctx, func(tx *redis.Tx) error {
		holder, err := tx.Get(ctx, c.Key).Result()
		if errors.Is(err, redis.Nil) || err == nil && holder != c.Owner {
			return nil
		}
		if err != nil {
			return err
		}
		_, err = tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			if c.Op == Release {
				pipe.Del(ctx, c.Key)
			} else {
				pipe.PExpire(ctx, c.Key, c.TTL)
			}
			return nil
		})
		yes = err == nil
		return err
	}, c.Key)
	switch {
	case errors.Is(err, redis.TxFailedErr):
		// Only another owner, or the expiry, can have touched the key meanwhile: it is not ours any more.
		c.settle(Reply{})
	case err != nil:
		c.settle(Reply{Err: explain(err, n.cfg.Timeout)})
	default:
		n.learn(c)
		c.settle(Reply{Yes: yes})
	}
}
