package redlock

import (
	"bytes"
	"crypto/tls"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/clock"
	"github.com/quorumlock/quorumlock/internal/faketime"
	"github.com/quorumlock/quorumlock/internal/memory"
)

// A bad Config is refused with an error that says what is wrong, and the zero Config is not bad.
func TestBadConfigIsRefused(t *testing.T) {
	addrs := []string{"10.0.0.1", "10.0.0.2", "10.0.0.3"}
	for want, cfg := range map[string]Config{
		"":                         {},
		"TTL -1s is under 10ms":    {TTL: -time.Second},
		"TTL 9ms is under 10ms":    {TTL: 9 * time.Millisecond},
		"TTL 1µs is under 10ms":    {TTL: time.Microsecond},
		"is over MaxTTL, 1s":       {TTL: 2 * time.Second, MaxTTL: time.Second},
		"MaxTTL -1s is not from 0": {MaxTTL: -time.Second},
		"leaves nothing":           {TTL: time.Second, Drift: clock.Drift{Floor: time.Second}},
		"drift rate 1 is not in":   {Drift: clock.Drift{Rate: 1}},
		"drift floor -1ns":         {Drift: clock.Drift{Floor: -1}},
		"NodeTimeout -1s":          {NodeTimeout: -time.Second},
		"Backoff from 2s to 1s":    {Backoff: Backoff{Min: 2 * time.Second, Max: time.Second}},
		"MaxHold -1s is negative":  {MaxHold: -time.Second},
		"unknown Mode 7":           {Mode: 7},
	} {
		l, err := Dial(addrs, cfg)
		switch {
		case want == "" && err != nil:
			t.Errorf("got %v for the zero Config", err)
		case want != "" && (err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "redlock: ")):
			t.Errorf("got error %v, want one that contains %q", err, want)
		}
		if l != nil {
			_ = l.Close()
		}
	}
}

// Bad addresses are refused, and no part of an address that may be a password is repeated.
func TestBadAddressesAreRefused(t *testing.T) {
	for want, addrs := range map[string][]string{
		"no nodes":                      {},
		"node 0 is empty":               {""},
		"are both 10.0.0.1:6379":        {"10.0.0.1:6379", "redis://user:hunter2@10.0.0.1"},
		"nodes 0 and 2 are both":        {"LOCALHOST:1", "localhost:2", "localhost:1"},
		"has no valid port":             {"10.0.0.1:port"},
		"no valid port":                 {"10.0.0.1:0"},
		"has no host":                   {":6379"},
		`scheme "http"`:                 {"http://user:hunter2@10.0.0.1"},
		"is not a URL that can be read": {"redis://user:hunter2%zz@10.0.0.1"},
		"not a Redis URL":               {"redis://user:hunter2@10.0.0.1/notanumber"},
		"is neither host:port nor":      {"user:hunter2@10.0.0.1:6379"},
		"where none may be":             {"redis://user:2024/hunter2@10.0.0.1:6379"},
		"a # or an @ where none":        {"redis://user:2024#hunter2@10.0.0.1:6379"},
		"an @ where none may be":        {"redis://user:2024?hunter2@10.0.0.1:6379"},
		"node 0 has no valid port":      {"user:hunter2"},
		"are both [::1]:80":             {"[::1]:80", "[0:0::1]:http"},
	} {
		l, err := Dial(addrs, Config{})
		if err == nil {
			_ = l.Close()
			t.Errorf("got no error for %q, want one that contains %q", addrs, want)
			continue
		}
		if !strings.Contains(err.Error(), want) {
			t.Errorf("got error %q for %q, want one that contains %q", err, addrs, want)
		}
		if strings.Contains(err.Error(), "hunter2") {
			t.Errorf("got error %q, which has the password in it", err)
		}
	}
	if _, err := Dial(make([]string, 65), Config{}); err == nil || !strings.Contains(err.Error(), "at most 64") {
		t.Errorf("got %v for 65 nodes", err)
	}
}

// The same client twice, none, or one that spreads its keys over servers, is no node.
func TestBadClientsAreRefused(t *testing.T) {
	one := redis.NewClient(&redis.Options{Addr: "10.0.0.1:6379"})
	defer one.Close()
	ring := redis.NewRing(&redis.RingOptions{Addrs: map[string]string{"a": "10.0.0.1:6379"}})
	defer ring.Close()
	for want, clients := range map[string][]redis.UniversalClient{
		"no nodes":          {},
		"is nil":            {one, nil},
		"client 0 is nil":   {(*redis.Client)(nil)},
		"are both 10.0.0.1": {one, one},
		"one independent":   {ring},
	} {
		if _, err := New(clients, Config{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got error %v, want one that contains %q", err, want)
		}
	}
}

// A bad key is refused before any node is asked.
func TestBadKeysAreRefused(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{})
		for want, key := range map[string]string{
			"the key is empty":          "",
			"1025 bytes; at most 1024":  strings.Repeat("k", 1025),
			`begins with "quorumlock:"`: "quorumlock:fence:{k}",
		} {
			if _, err := l.Lock(t.Context(), key); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("got error %v, want one that contains %q", err, want)
			}
		}
		mustLock(t, l, strings.Repeat("k", 1024))
		_, err := l.WithTTL(time.Hour).Lock(t.Context(), "k")
		if err == nil || !strings.Contains(err.Error(), "over MaxTTL") {
			t.Errorf("got %v from WithTTL of an hour, want it refused", err)
		}
		if _, err := l.WithTTL(0).Check(t.Context()); err == nil {
			t.Error("got no error from WithTTL(0)")
		}
	})
}

// WithTTL locks on the same nodes with another TTL.
func TestWithTTL(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{NoRenew: true})
		short := mustLock(t, l.WithTTL(time.Second+time.Microsecond), "k")
		synctest.Wait()
		if got := nodes[0].TTL("k"); got != time.Second {
			t.Errorf("got a TTL of %v, want 1s", got)
		}
		<-short.Done()
		time.Sleep(100 * time.Millisecond)
		if long := mustLock(t, l, "k"); long.Left() < 9*time.Second {
			t.Errorf("got %v left, want nearly 10s", long.Left())
		}
	})
}

// Nothing that the library logs, returns or prints has a password in it.
func TestPasswordsStaySecret(t *testing.T) {
	var log bytes.Buffer
	l, err := Dial([]string{"redis://ann:hunter2@127.0.0.1:1/3", "rediss://:hunter2@127.0.0.1:2"}, Config{
		Logger: slog.New(slog.NewTextHandler(&log, nil)), NodeTimeout: 200 * time.Millisecond,
		TLS: &tls.Config{MinVersion: tls.VersionTLS12},
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = l.TryLock(t.Context(), "k")
	wantIs(t, err, ErrNoQuorum)
	_, unhealthy := l.Check(t.Context())
	wantIs(t, unhealthy, ErrNoQuorum)
	_ = l.Close()
	for _, text := range []string{err.Error(), unhealthy.Error(), log.String()} {
		if !strings.Contains(text, "127.0.0.1:") {
			t.Errorf("got %q, want it to name a node", text)
		}
		if strings.Contains(text, "hunter2") {
			t.Errorf("got %q, which has the password in it", text)
		}
	}
}

// A QuorumError is one line, names each node that is missing, and lets errors.As reach what it said.
func TestQuorumErrorNamesNodes(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{})
		nodes[0].SetError("LOADING Redis is loading\nthe dataset in memory")
		nodes[1].SetError("MISCONF no space left")
		_, err := l.TryLock(t.Context(), "orders/42")
		want := `redlock: lock "orders/42": no quorum (need 2 of 3; 10.0.0.1:6379: LOADING Redis is loading the dataset in memory; 10.0.0.2:6379: MISCONF no space left)`
		if err == nil || err.Error() != want {
			t.Errorf("got  %v\nwant %s", err, want)
		}
		q, ok := errors.AsType[*QuorumError](err)
		if !ok || q.Key != "orders/42" || q.Need != 2 || q.Nodes != 3 || len(q.NodeErrors()) != 2 {
			t.Errorf("got %+v", q)
		}
		if n, ok := errors.AsType[*NodeError](err); !ok || n.Addr != "10.0.0.1:6379" {
			t.Errorf("got %v, want the first node's error", n)
		}
	})
}

// Check tells who can vote, beside the locks that are under way.
func TestCheck(t *testing.T) {
	faketime.Test(t, func(t *testing.T) {
		nodes := memories(t, 3)
		l := on(t, nodes, Config{})
		h, err := l.Check(t.Context())
		if err != nil || h.Voting() != 3 || h.Need != 2 {
			t.Errorf("got %+v and %v, want 3 voting", h, err)
		}
		fail(nodes, 2, memory.Mute)
		_, _ = l.TryLock(t.Context(), "k")
		time.Sleep(time.Second)
		h, err = l.Check(t.Context())
		wantIs(t, err, ErrNoQuorum)
		if h.Voting() != 1 || h.Nodes[0].Err == nil || h.Nodes[0].Down == 0 || h.Nodes[2].Err != nil {
			t.Errorf("got %+v, want only the third to vote", h)
		}
	})
}
