package handbook

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// allows returns an error unless a user who is made by each line, ACL SETUSER NAME ... >PASSWORD ..., can lock a key of the
// first pattern that it may use, wait for it, and pass Check without a warning, and is forbidden nothing meanwhile.
func (s *stage) allows(b *block) error {
	for line := range strings.Lines(b.text) {
		words := strings.Fields(line)
		if len(words) < 4 || words[0] != "ACL" || words[1] != "SETUSER" {
			return fmt.Errorf("%q is no ACL SETUSER", strings.TrimSpace(line))
		}
		if err := s.user(words); err != nil {
			return fmt.Errorf("%s: %w", strings.TrimSpace(line), err)
		}
	}
	return nil
}

func (s *stage) user(words []string) error {
	ctx := s.t.Context()
	password, pattern := "", ""
	for _, word := range words[3:] {
		if rest, is := strings.CutPrefix(word, ">"); is && password == "" {
			password = rest
		}
		if rest, is := strings.CutPrefix(word, "~"); is && pattern == "" {
			pattern = rest
		}
	}
	nodes := start(s.t, cluster.Spec{Nodes: 3})
	declareNew(s.t, nodes.Addrs())
	var addrs []string
	var clients []*redis.Client
	for _, addr := range nodes.Addrs() {
		c := redis.NewClient(&redis.Options{Addr: addr})
		defer c.Close()
		args := make([]any, len(words))
		for i, word := range words {
			args[i] = word
		}
		if err := c.Do(ctx, args...).Err(); err != nil {
			return err
		}
		clients = append(clients, c)
		addrs = append(addrs, (&url.URL{Scheme: "redis", User: url.UserPassword(words[2], password), Host: addr}).String())
	}
	var cfg redlock.Config
	if !slices.Contains(words, "+mget") && !slices.Contains(words, "+@all") {
		cfg.Mode = redlock.Plain // mode Fenced cannot do without
	}
	if err := cycle(ctx, addrs, cfg, strings.ReplaceAll(pattern, "*", "a")); err != nil {
		return err
	}
	for _, c := range clients {
		if forbidden, err := c.Do(ctx, "ACL", "LOG").Slice(); err != nil || len(forbidden) > 0 {
			return fmt.Errorf("was forbidden something: %v, %v", forbidden, err)
		}
	}
	return nil
}

// cycle locks a key, has a second locker wait for it, and looks at the nodes.
func cycle(ctx context.Context, addrs []string, cfg redlock.Config, key string) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	first, err := redlock.Dial(addrs, cfg)
	if err != nil {
		return err
	}
	defer first.Close()
	second, err := redlock.Dial(addrs, cfg)
	if err != nil {
		return err
	}
	defer second.Close()
	lease, err := first.Lock(ctx, key)
	if err != nil {
		return err
	}
	waited := make(chan error, 1)
	go func() {
		waited <- second.Do(ctx, key, func(context.Context, *redlock.Lease) error { return nil })
	}()
	time.Sleep(100 * time.Millisecond) // until it waits, most likely
	if err := lease.Extend(ctx); err != nil {
		return err
	}
	if err := lease.Unlock(ctx); err != nil {
		return err
	}
	if err := <-waited; err != nil {
		return err
	}
	health, err := first.Check(ctx)
	for _, node := range health.Nodes {
		if err == nil && node.Unknown+node.Warning != "" {
			err = fmt.Errorf("%s: %s%s", node.Addr, node.Unknown, node.Warning)
		}
	}
	return err
}
