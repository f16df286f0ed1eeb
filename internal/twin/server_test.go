package twin

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/cluster"
)

// server is a node that runs the scripts. Commands go to it one by one, so that its clock stands still while it carries
// one out.
type server struct {
	called string
	client *redis.Client
	hashes map[kind]string
	clock  func(from, to int64) error // moves it, in µs
	now    int64
}

// connect gives the server the scripts.
func connect(t *testing.T, called string, options *redis.Options, scripts map[string]string, clock func(from, to int64) error) *server {
	t.Helper()
	options.PoolSize, options.MaxRetries, options.DisableIdentity, options.Protocol = 1, -1, true, 2
	s := &server{called: called, client: redis.NewClient(options), hashes: map[kind]string{}, clock: clock}
	t.Cleanup(func() { _ = s.client.Close() })
	for name, text := range scripts {
		hash, err := s.client.ScriptLoad(t.Context(), text).Result()
		if err != nil {
			t.Fatal(err)
		}
		s.hashes[kind(name)] = hash
	}
	return s
}

// embedded is miniredis. It counts TTLs down by FastForward alone, and a key is gone when nothing is left; Redis compares
// times in whole ms, and a key is there in its last, in which nothing is left either. So TTLs go down by the whole ms
// that its clock has gone on, less a ns, which is what is left in the last ms: PTTL does not show it, since a key would
// have to live through a million moves.
func embedded(t *testing.T, scripts map[string]string) *server {
	t.Helper()
	m := miniredis.NewMiniRedis()
	t.Cleanup(m.Close)
	dial := func(context.Context, string, string) (net.Conn, error) { return m.Dial() }
	return connect(t, "miniredis", &redis.Options{Dialer: dial}, scripts, func(from, to int64) error {
		m.SetTime(time.UnixMicro(to))
		if passed := to/1000 - from/1000; passed != 0 {
			m.FastForward(time.Duration(passed)*time.Millisecond - time.Nanosecond)
		}
		return nil
	})
}

// redisServer is the real one; the test is skipped without. Its clock stands still, and is set between commands: Redis
// looks at its clock when a command begins, and its scripts keep to that, so that every command sees one time.
func redisServer(t *testing.T, scripts map[string]string) *server {
	t.Helper()
	_, noCompiler := exec.LookPath("cc")
	_, noRedis := exec.LookPath("redis-server")
	if runtime.GOOS != "linux" || noCompiler != nil || noRedis != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("in CI nothing may skip: this takes Linux, a C compiler and redis-server")
		}
		t.Skip("takes Linux, a C compiler and redis-server")
	}
	c, err := cluster.Start(t.Context(), cluster.Spec{Kind: cluster.Process, Nodes: 1, Clocks: true, Persist: cluster.PersistNo})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	clock := c.Node(0).Clock()
	if err := clock.Rate(0); err != nil {
		t.Fatal(err)
	}
	return connect(t, "Redis", &redis.Options{Addr: c.Addrs()[0]}, scripts, func(_, to int64) error {
		return clock.Step(time.UnixMicro(to).Sub(clock.Now()))
	})
}

func (s *server) name() string { return s.called }

func (s *server) reset(now int64) error {
	if err := s.client.FlushAll(context.Background()).Err(); err != nil {
		return err
	}
	return s.set(now)
}

func (s *server) set(now int64) error {
	from := s.now
	s.now = now
	return s.clock(from, now)
}

func (s *server) do(c call) (reply, error) {
	ctx := context.Background()
	switch c.kind {
	case flush:
		return reply{}, s.client.FlushAll(ctx).Err()
	case store:
		return reply{}, s.client.Set(ctx, c.key, c.text, time.Duration(c.ttl)*time.Millisecond).Err()
	case spoil:
		_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
			p.Del(ctx, c.key)
			return p.LPush(ctx, c.key, "an element").Err()
		})
		return reply{}, err
	case remove:
		return reply{}, s.client.Del(ctx, c.key).Err()
	}
	keys, args := c.script()
	answer, err := s.client.EvalSha(ctx, s.hashes[c.kind], keys, args...).Result()
	if failed := redis.Error(nil); errors.As(err, &failed) && !strings.HasPrefix(err.Error(), "NOSCRIPT") {
		return reply{failed: true}, nil
	}
	if err != nil {
		return reply{}, fmt.Errorf("%s: %v: %w", s.called, c, err)
	}
	return s.read(c, answer)
}

// read reads what a script replied.
func (s *server) read(c call, answer any) (reply, error) {
	var r reply
	list, many := answer.([]any)
	if !many {
		list = []any{answer}
	}
	for _, part := range list {
		switch part := part.(type) {
		case int64:
			r.numbers = append(r.numbers, part)
		case string:
			r.text += part
		default:
			return r, fmt.Errorf("%s: %v: got %v of type %[3]T in the reply", s.called, c, part)
		}
	}
	return r, nil
}

// contents asks for each key, also for those that are not there: Redis deletes what has expired when it is asked for that,
// and KEYS asks for nothing.
func (s *server) contents() (string, error) {
	ctx := context.Background()
	all, err := s.client.Keys(ctx, "*").Result()
	if err != nil {
		return "", err
	}
	all = append(all, names()...)
	slices.Sort(all)
	all = slices.Compact(all)
	texts, lefts := make([]*redis.StringCmd, len(all)), make([]*redis.Cmd, len(all))
	_, err = s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, name := range all {
			texts[i], lefts[i] = p.Get(ctx, name), p.Do(ctx, "PTTL", name)
		}
		return nil
	})
	if err != nil && !errors.Is(err, redis.Nil) && !redis.HasErrorPrefix(err, "WRONGTYPE") {
		return "", err
	}
	var b strings.Builder
	for i, name := range all {
		left, err := lefts[i].Int64()
		if err != nil {
			return "", err
		}
		if left != -2 {
			describe(&b, name, texts[i].Val(), texts[i].Err() != nil, left)
		}
	}
	return b.String(), nil
}
