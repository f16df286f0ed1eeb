package fencing

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"
)

//go:embed fenced.lua
var fenced string

// Script is a Lua script that writes to Redis by a fence. It is safe for concurrent use.
type Script struct{ script *redis.Script }

// NewScript returns a script that carries out body unless its fence is stale. Within body KEYS and ARGV are those of the
// call, and what it returns is what Run returns:
//
//	var deposit = fencing.NewScript(`return redis.call('INCRBY', KEYS[1], ARGV[1])`)
//
// The Redis that the data is in is no node of the lock: one that loses writes, as a replica that is promoted may, can lose
// the largest fence along with them.
func NewScript(body string) *Script {
	return &Script{script: redis.NewScript(fenced + body + "\nend)(KEYS, ARGV)}\n")}
}

// Run carries the script out on server, for the holder of fence. The largest fence is kept beside the first of keys, at
// [FenceKey], without an expiry; it is raised also when the body fails then.
//
// A fence smaller than that is refused: the error is a [*StaleError], which matches [ErrStale], and nothing was written. One
// that no lease has matches [ErrNoFence]. Any other error is go-redis's or the body's, and where the connection failed, the
// script may have been carried out: Run it again with the same fence if the body bears that.
func (s *Script) Run(ctx context.Context, server redis.Scripter, fence uint64, keys []string, args ...any) (any, error) {
	if len(keys) == 0 {
		return nil, errors.New("fencing: a script without keys: the fence is kept beside the first")
	}
	if err := check(keys[0], fence); err != nil {
		return nil, err
	}
	keys = append(keys[:len(keys):len(keys)], FenceKey(keys[0]))
	args = append(args[:len(args):len(args)], strconv.FormatUint(fence, 10))
	reply, err := s.script.Run(ctx, server, keys, args...).Slice()
	switch {
	case err != nil:
		return nil, fmt.Errorf("fencing: write %q: %w", keys[0], err)
	case len(reply) == 1 && reply[0] == int64(1):
		return nil, nil // the body returned nothing, with which Redis ends a reply
	case len(reply) == 2 && reply[0] == int64(1):
		if failed, ok := reply[1].(error); ok { // the body returned redis.error_reply
			return nil, fmt.Errorf("fencing: write %q: %w", keys[0], failed)
		}
		return reply[1], nil
	case len(reply) == 2 && reply[0] == int64(0):
		largest, err := strconv.ParseUint(fmt.Sprint(reply[1]), 10, 64)
		if err != nil { // somebody else has put it there; what it is worth nobody can say
			return nil, fmt.Errorf("fencing: write %q: %w: %q, which is kept as the largest one, is not the fence of a lease", keys[0], ErrStale, reply[1])
		}
		return nil, &StaleError{Key: keys[0], Fence: fence, Largest: largest}
	}
	return nil, fmt.Errorf("fencing: write %q: unexpected reply %v", keys[0], reply)
}

// FenceKey returns the key at which scripts keep the largest fence for key. It is in the same slot of a Redis Cluster,
// unless key has braces that are no hash tag.
func FenceKey(key string) string {
	if open := strings.IndexByte(key, '{'); open >= 0 && strings.IndexByte(key[open+1:], '}') > 0 {
		return key + ":fence"
	}
	return "{" + key + "}:fence"
}

// Redis keeps fences in a Redis, each at [FenceKey] without an expiry, for a [Gate] whose process may start anew. It is
// safe for concurrent use.
type Redis struct{ server redis.Scripter }

// NewRedis returns a store in a Redis, which is no node of the lock.
func NewRedis(server redis.Scripter) *Redis { return &Redis{server: server} }

var nothing = NewScript("")

// Raise does what [Store] says. Its errors are go-redis's.
func (r *Redis) Raise(ctx context.Context, key string, fence uint64) (uint64, error) {
	_, err := nothing.Run(ctx, r.server, fence, []string{key})
	var stale *StaleError
	switch {
	case errors.As(err, &stale):
		return stale.Largest, nil
	case err != nil:
		return 0, err
	}
	return fence, nil
}
