package handbook

import (
	"context"
	"fmt"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// allows returns an error unless a user who is made by each line, ACL SETUSER NAME ... >PASSWORD ..., can do what it is
// for: lock a key of the first pattern that it may use, wait for it, and pass Check without a warning; and for those who may
// look at every key, or at the configuration, redlock init or redlock doctor. It is forbidden nothing meanwhile.
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
	name, password, pattern := words[2], "", ""
	for _, word := range words[3:] {
		if rest, is := strings.CutPrefix(word, ">"); is && password == "" {
			password = rest
		}
		if rest, is := strings.CutPrefix(word, "~"); is && pattern == "" {
			pattern = rest
		}
	}
	nodes := start(s.t, cluster.Spec{Nodes: 3})
	if name != "init" {
		declareNew(s.t, nodes.Addrs())
	}
	var addrs []string
	for _, addr := range nodes.Addrs() {
		if err := setUser(s, addr, words); err != nil {
			return err
		}
		addrs = append(addrs, (&url.URL{Scheme: "redis", User: url.UserPassword(name, password), Host: addr}).String())
	}
	if err := s.works(words, addrs, strings.ReplaceAll(pattern, "*", "a")); err != nil {
		return err
	}
	if !slices.ContainsFunc(words, func(word string) bool { return word == "+eval" || word == "+@all" }) {
		return nil // it has to find out that it may not run scripts
	}
	return unforbidden(s.t.Context(), nodes.Addrs())
}

// works has a user do what its line is for.
func (s *stage) works(words, addrs []string, key string) error {
	switch words[2] {
	case "init":
		return s.verb(addrs, "init")
	case "doctor":
		if err := s.verb(addrs, "doctor", "--key", key); err != nil {
			return err
		}
	}
	var cfg redlock.Config
	if !slices.Contains(words, "+mget") && !slices.Contains(words, "+@all") {
		cfg.Mode = redlock.Plain // mode Fenced cannot do without
	}
	return cycle(s.t.Context(), addrs, cfg, key)
}

// verb runs a verb of the command on nodes, which must end with 0.
func (s *stage) verb(addrs []string, args ...string) error {
	path, err := binary()
	if err != nil {
		return err
	}
	command := exec.CommandContext(s.t.Context(), path, args...)
	command.Env = append(environment(), "REDLOCK_ADDRS="+strings.Join(addrs, ","))
	if out, err := command.CombinedOutput(); err != nil {
		return fmt.Errorf("redlock %s: %w\n%s", strings.Join(args, " "), err, out)
	}
	return nil
}

// unforbidden returns an error if a node has refused somebody something.
func unforbidden(ctx context.Context, addrs []string) error {
	for _, addr := range addrs {
		c := redis.NewClient(&redis.Options{Addr: addr})
		defer c.Close()
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
