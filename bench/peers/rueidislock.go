package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"github.com/redis/rueidis"
	"github.com/redis/rueidis/rueidislock"
)

// rueidislockSubject is rueidislock on N independent nodes.
type rueidislockSubject struct{ locker rueidislock.Locker }

func rueidislockKind() Kind {
	return Kind{
		Name: rueidisLock,
		Notes: "rueidislock of rueidis v1.0.79, its defaults (validity 5 s, next key after 20 ms). It takes a majority of N keys " +
			"through one client, one after the other, and knows no independent nodes: a `ClientBuilder` of ours sends its i-th key " +
			"to the i-th node. `NoLoopTracking`, which its page recommends for speed, is off: with it, " +
			"some calls under load did not return within half a minute here.",
		Open: func(_ context.Context, site Site) (Subject, error) {
			locker, err := rueidislock.NewLocker(rueidislock.LockerOption{
				ClientBuilder: func(o rueidis.ClientOption) (rueidis.Client, error) { return newRouter(o, site.Addrs) },
				KeyMajority:   int32(len(site.Addrs)/2 + 1),
			})
			if err != nil {
				return nil, err
			}
			return rueidislockSubject{locker}, nil
		},
	}
}

func (r rueidislockSubject) Cycle(ctx context.Context, _ int, key string, hold func()) error {
	held, unlock, err := r.locker.WithContext(ctx, key)
	if err != nil {
		return err
	}
	if hold != nil {
		hold()
	}
	lost := held.Err()
	unlock()
	if lost != nil {
		return fmt.Errorf("rueidislock: lost while held: %w", lost)
	}
	return nil
}

func (r rueidislockSubject) Close() { r.locker.Close() }

// router is a rueidis client that sends rueidislock's i-th key, "prefix:i:name", to the i-th node. Everything else
// goes to the first.
type router struct {
	rueidis.Client
	nodes []rueidis.Client
}

func newRouter(option rueidis.ClientOption, addrs []string) (rueidis.Client, error) {
	r := &router{}
	for _, addr := range addrs {
		option.InitAddress = []string{addr}
		c, err := rueidis.NewClient(option)
		if err != nil {
			r.Close()
			return nil, err
		}
		r.nodes = append(r.nodes, c)
	}
	r.Client = r.nodes[0]
	return r, nil
}

// Do sends a script call to the node of its key.
func (r *router) Do(ctx context.Context, cmd rueidis.Completed) rueidis.RedisResult {
	return r.node(cmd.Commands()).Do(ctx, cmd)
}

// Close closes the connections to all nodes.
func (r *router) Close() {
	for _, c := range r.nodes {
		c.Close()
	}
}

func (r *router) node(words []string) rueidis.Client {
	const key = 3 // EVALSHA hash 1 key …
	if len(words) > key && strings.HasPrefix(words[0], "EVAL") {
		if _, rest, ok := strings.Cut(words[key], ":"); ok {
			digits, _, _ := strings.Cut(rest, ":")
			if i, err := strconv.Atoi(digits); err == nil && i >= 0 && i < len(r.nodes) {
				return r.nodes[i]
			}
		}
	}
	return r.Client
}
