package bench

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"

	"github.com/quorumlock/quorumlock/redlock"
)

// tidy looks on every node for keys with the run's prefix, which nobody else uses, counts and removes them. A key that
// is still there is a lock that was not given back; a fence counter is what the library keeps for a day.
func tidy(ctx context.Context, addrs []string, health redlock.Health, prefix string) Leftovers {
	left := Leftovers{Unlooked: []string{}}
	for i, addr := range addrs {
		ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
		keys, counters, err := tidyNode(ctx, addr, prefix)
		cancel()
		left.Keys += keys
		left.Counters += counters
		if err != nil {
			left.Unlooked = append(left.Unlooked, fmt.Sprintf("%s: %v", health.Nodes[i].Addr, err))
			continue
		}
		left.Looked++
	}
	return left
}

func tidyNode(ctx context.Context, addr, prefix string) (keys, counters int, err error) {
	options, err := clientOptions(addr)
	if err != nil {
		return 0, 0, err
	}
	client := redis.NewClient(options)
	defer client.Close()
	// Listed first, and removed when the scan is through.
	var found []string
	for cursor := uint64(0); ; {
		var page []string
		if page, cursor, err = client.Scan(ctx, cursor, "*"+prefix+"*", 1000).Result(); err != nil {
			return 0, 0, err
		}
		found = append(found, page...)
		if cursor == 0 {
			break
		}
	}
	seen := make(map[string]bool, len(found))
	pipe := client.Pipeline()
	for _, key := range found {
		switch {
		case seen[key]: // a scan may show a key twice
		case strings.HasPrefix(key, prefix):
			keys++
			pipe.Del(ctx, key)
		default:
			counters++
			pipe.Del(ctx, key)
		}
		seen[key] = true
	}
	if len(found) > 0 {
		_, err = pipe.Exec(ctx)
	}
	return keys, counters, err
}

// clientOptions reads an address as redlock.Dial does, which has accepted it before.
func clientOptions(addr string) (*redis.Options, error) {
	options := &redis.Options{Addr: addr}
	if strings.Contains(addr, "://") {
		var err error
		if options, err = redis.ParseURL(addr); err != nil {
			return nil, err
		}
	} else if !strings.Contains(addr, ":") {
		options.Addr += ":6379"
	}
	options.MaxRetries, options.DialerRetries = -1, 1
	options.DialTimeout = 2 * time.Second
	options.ContextTimeoutEnabled, options.DisableIdentity = true, true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return options, nil
}
