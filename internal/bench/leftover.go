package bench

import (
	"context"
	"fmt"
	"time"

	"github.com/quorumlock/quorumlock/internal/sweep"
	"github.com/quorumlock/quorumlock/redlock"
)

// tidy looks on every node for keys with the run's prefix, which nobody else uses, counts and removes them. A key that
// is still there is a lock that was not given back; a fence counter is what the library keeps for a day.
func tidy(ctx context.Context, addrs []string, health redlock.Health, prefix string) Leftovers {
	left := Leftovers{Unlooked: []string{}}
	for i, addr := range addrs {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		found, err := sweep.Node(ctx, addr, prefix)
		cancel()
		left.Keys += len(found.Locks)
		left.Counters += found.Counters
		if err != nil {
			left.Unlooked = append(left.Unlooked, fmt.Sprintf("%s: %v", health.Nodes[i].Addr, err))
			continue
		}
		left.Looked++
	}
	return left
}
