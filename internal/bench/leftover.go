package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/quorumlock/quorumlock/internal/sweep"
)

// tidy looks on every node for keys with the run's prefix, which nobody else uses, counts and removes them. A key that
// is still there is a lock that was not given back; a fence counter is what the library keeps for a day.
func (r *run) tidy(ctx context.Context) Leftovers {
	left := Leftovers{Unlooked: []string{}}
	secure, _ := r.cfg.TLS.Config() // it could be read before
	for i, addr := range r.addrs {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		found, err := sweep.Node(ctx, sweep.Place{Addr: addr, TLS: secure}, r.prefix)
		cancel()
		left.Keys += len(found.Locks)
		left.Counters += found.Counters
		if err != nil {
			left.Unlooked = append(left.Unlooked, fmt.Sprintf("%s: %v", r.health.Nodes[i].Addr, err))
			continue
		}
		left.Looked++
	}
	return left
}
