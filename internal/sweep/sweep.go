// Package sweep looks on a node for what a run has left there, and takes it away: a run gives all its keys one prefix,
// which nobody else uses.
package sweep

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

// Found is what one node had.
type Found struct {
	// Locks are keys that begin with the prefix: locks that were not given back. What is kept for a moment for whoever was
	// woken is none.
	Locks []string
	// Counters is how many keys have the prefix within: what lockers keep beside the locks, for a day.
	Counters int
}

// Place is where a node is: what redlock.Dial takes. The address is in no error, since it may have a password in it.
type Place struct {
	Addr string
	TLS  *tls.Config // of rediss addresses; nil: Go's defaults
}

// Node looks for keys of a run on one node, and removes them.
func Node(ctx context.Context, at Place, prefix string) (Found, error) {
	options, err := at.options()
	if err != nil {
		return Found{}, err
	}
	client := redis.NewClient(options)
	defer client.Close()
	// Listed first, and removed when the scan is through. A scan may show a key twice.
	var keys []string
	for cursor := uint64(0); ; {
		var page []string
		if page, cursor, err = client.Scan(ctx, cursor, "*"+prefix+"*", 1000).Result(); err != nil {
			return Found{}, err
		}
		keys = append(keys, page...)
		if cursor == 0 {
			break
		}
	}
	slices.Sort(keys)
	keys = slices.Compact(keys)
	if keys, err = settled(ctx, client, keys, prefix); err != nil {
		return Found{}, err
	}
	var found Found
	pipe := client.Pipeline()
	for _, key := range keys {
		if strings.HasPrefix(key, prefix) {
			found.Locks = append(found.Locks, key)
		} else {
			found.Counters++
		}
		pipe.Del(ctx, key)
	}
	if len(keys) > 0 {
		_, err = pipe.Exec(ctx)
	}
	return found, err
}

// A node keeps a key for whoever it has woken, by a value that begins with turn, for 200 ms. That is no lock.
const (
	turn     = "quorumlock:turn:"
	turnOver = 250 * time.Millisecond
)

// settled returns the keys without those that were kept for somebody and are over in time.
func settled(ctx context.Context, client *redis.Client, keys []string, prefix string) ([]string, error) {
	var kept []string
	for _, key := range keys {
		if !strings.HasPrefix(key, prefix) {
			continue
		}
		// Of another type is no turn.
		if value, err := client.Get(ctx, key).Result(); err == nil && strings.HasPrefix(value, turn) {
			kept = append(kept, key)
		}
	}
	if len(kept) == 0 {
		return keys, nil
	}
	select {
	case <-time.After(turnOver):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	for _, key := range kept {
		n, err := client.Exists(ctx, key).Result()
		if err != nil {
			return nil, err
		}
		if n == 0 {
			keys = slices.DeleteFunc(keys, func(other string) bool { return other == key })
		}
	}
	return keys, nil
}

// Has reports whether a node has a key.
func Has(ctx context.Context, at Place, key string) (bool, error) {
	options, err := at.options()
	if err != nil {
		return false, err
	}
	client := redis.NewClient(options)
	defer client.Close()
	n, err := client.Exists(ctx, key).Result()
	return n > 0, err
}

// Delete removes a key from a node.
func Delete(ctx context.Context, at Place, key string) error {
	options, err := at.options()
	if err != nil {
		return err
	}
	client := redis.NewClient(options)
	defer client.Close()
	return client.Del(ctx, key).Err()
}

// Name is the host and the port, for everybody's eyes.
func (at Place) Name() (string, error) {
	options, err := at.options()
	if err != nil {
		return "", err
	}
	return options.Addr, nil
}

// options reads the address as redlock.Dial does, for a client that asks once.
func (at Place) options() (*redis.Options, error) {
	options := &redis.Options{Addr: at.Addr}
	if strings.Contains(at.Addr, "://") {
		var err error
		if options, err = redis.ParseURL(at.Addr); err != nil {
			return nil, errors.New("an address is no URL of Redis")
		}
	} else if !strings.Contains(at.Addr, ":") {
		options.Addr += ":6379"
	}
	if options.TLSConfig != nil && at.TLS != nil {
		host := options.TLSConfig.ServerName
		options.TLSConfig = at.TLS.Clone()
		options.TLSConfig.ServerName = cmp.Or(at.TLS.ServerName, host)
	}
	options.MaxRetries, options.DialerRetries = -1, 1
	options.DialTimeout = 2 * time.Second
	options.ContextTimeoutEnabled, options.DisableIdentity = true, true
	options.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
	return options, nil
}
