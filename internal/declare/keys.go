package declare

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/node"
)

// keys is what the keys of a node tell.
//
// Every Redlock client stores a lock as a string with an expiry, under a name of the caller's. So whatever is such a key
// could be one, and what is no string, or never expires, is none. What may not be looked at could be one as well.
type keys struct {
	all    int
	locks  int
	named  []string // a few of them
	lines  int      // that somebody waits for
	fences int      // that were locked within a day
	latest time.Time
	known  map[string]bool // the locks: SCAN may tell a key twice
}

// named is how many locks are told by name.
const named = 3

// some names some of the locks.
func (k keys) some() string {
	quoted := make([]string, len(k.named))
	for i, key := range k.named {
		quoted[i] = strconv.Quote(key)
	}
	text := strings.Join(quoted, ", ")
	if k.locks > len(k.named) {
		text += ", …"
	}
	return text
}

// scan looks at all keys of the node's database.
func scan(ctx context.Context, client *redis.Client, timeout time.Duration) (keys, error) {
	k := keys{known: map[string]bool{}}
	for cursor := uint64(0); ; {
		page, next, err := within(ctx, timeout, func(ctx context.Context) ([]string, uint64, error) {
			return client.Scan(ctx, cursor, "*", 1000).Result()
		})
		if err != nil {
			return k, node.Explain(err, timeout)
		}
		if err := k.count(ctx, client, timeout, page); err != nil {
			return k, err
		}
		if cursor = next; cursor == 0 {
			return k, nil
		}
	}
}

// count looks at some keys.
func (k *keys) count(ctx context.Context, client *redis.Client, timeout time.Duration, page []string) error {
	type look struct {
		key  string
		kind *redis.StatusCmd
		left *redis.DurationCmd
	}
	var looks []look
	var counters []*redis.StringCmd
	pipe := client.Pipeline()
	for _, key := range page {
		switch own, ours := strings.CutPrefix(key, node.Prefix); {
		case !ours:
			looks = append(looks, look{key, pipe.Type(ctx, key), pipe.PTTL(ctx, key)})
		case strings.HasPrefix(own, "line:"):
			k.lines++
		case strings.HasPrefix(own, "fence:"):
			k.fences++
			counters = append(counters, pipe.Get(ctx, key))
		}
	}
	if err := answers(ctx, pipe, timeout); err != nil {
		return err
	}
	for _, l := range looks {
		k.all++
		none := l.kind.Err() == nil && l.kind.Val() != "string" || l.left.Err() == nil && l.left.Val() < 0
		if !none {
			k.lock(l.key)
		}
	}
	for _, c := range counters {
		if tick, err := strconv.ParseInt(c.Val(), 10, 64); err == nil {
			if at := time.UnixMicro(tick * node.Tick); at.After(k.latest) {
				k.latest = at
			}
		}
	}
	return nil
}

// errUnanswered stands in a command until its answer is read: go-redis leaves it there when a connection could not be
// opened, or the node does not take our password, and puts the reason on the pipeline alone.
var errUnanswered = errors.New("no answer")

// answers has all commands of the pipeline answered, or refused one by one.
func answers(ctx context.Context, pipe redis.Pipeliner, timeout time.Duration) error {
	if pipe.Len() == 0 {
		return nil
	}
	for _, cmd := range pipe.Cmds() {
		cmd.SetErr(errUnanswered)
	}
	cmds, _, err := within(ctx, timeout, func(ctx context.Context) ([]redis.Cmder, any, error) {
		cmds, err := pipe.Exec(ctx)
		return cmds, nil, err
	})
	var said redis.Error
	if err != nil && !errors.As(err, &said) || slices.ContainsFunc(cmds, func(c redis.Cmder) bool { return errors.Is(c.Err(), errUnanswered) }) {
		return node.Explain(err, timeout)
	}
	return nil
}

func (k *keys) lock(key string) {
	if k.known[key] {
		return
	}
	k.known[key] = true
	k.locks++
	if len(k.named) < named {
		k.named = append(k.named, key)
	}
}

// within calls ask with a bound, and names what takes too long.
func within[A, B any](ctx context.Context, timeout time.Duration, ask func(ctx context.Context) (A, B, error)) (A, B, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout, fmt.Errorf("no answer within %v", timeout))
	defer cancel()
	return ask(ctx)
}
