package fencing_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock/fencing"
)

// servers runs a test on a Redis in memory and on a real one.
func servers(t *testing.T, test func(t *testing.T, server *redis.Client)) {
	for _, kind := range []cluster.Kind{cluster.Embedded, cluster.Process} {
		t.Run(string(kind), func(t *testing.T) {
			if _, err := exec.LookPath("redis-server"); kind == cluster.Process && err != nil {
				if os.Getenv("CI") != "" {
					t.Fatal("in CI nothing may skip: this takes redis-server")
				}
				t.Skip("takes redis-server")
			}
			c, err := cluster.Start(t.Context(), cluster.Spec{Kind: kind, Nodes: 1, Persist: cluster.PersistNo})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			client := redis.NewClient(&redis.Options{Addr: c.Addrs()[0]})
			defer client.Close()
			test(t, client)
		})
	}
}

var deposit = fencing.NewScript(`return redis.call('INCRBY', KEYS[1], ARGV[1])`)

// A script writes by the same fence as often as it likes and by larger ones; by a smaller one it writes nothing.
func TestScriptRefusesSmallerFences(t *testing.T) {
	servers(t, func(t *testing.T, server *redis.Client) {
		run := func(fence uint64) (any, error) {
			return deposit.Run(t.Context(), server, fence, []string{"account"}, 10)
		}
		for i, fence := range []uint64{1<<53 - 2, 1<<53 - 2, 1<<53 - 1} { // where numbers of Lua begin to be confused
			if got, err := run(fence); err != nil || got != int64(10*(i+1)) {
				t.Errorf("fence %d: got %v, %v, want %d", fence, got, err, 10*(i+1))
			}
		}
		_, err := run(1<<53 - 2)
		var stale *fencing.StaleError
		if !errors.As(err, &stale) || *stale != (fencing.StaleError{Key: "account", Fence: 1<<53 - 2, Largest: 1<<53 - 1}) {
			t.Errorf("got %v, want a stale fence", err)
		}
		if got := server.Get(t.Context(), "account").Val(); got != "30" {
			t.Errorf("got a balance of %s, want 30: a stale write came through", got)
		}
		for _, none := range []uint64{0, 1 << 53} {
			_, err := run(none)
			wantIs(t, err, fencing.ErrNoFence)
		}
	})
}

// What the body returns is what Run returns, and its errors are errors; the fence stays raised then.
func TestScriptReturnsWhatItsBodySays(t *testing.T) {
	servers(t, func(t *testing.T, server *redis.Client) {
		run := func(fence uint64, body string) (any, error) {
			return fencing.NewScript(body).Run(t.Context(), server, fence, []string{"k", "l"}, "a", "b")
		}
		for body, want := range map[string]string{
			"return 7":                               "7",
			"return #KEYS .. KEYS[2] .. ARGV[2]":     "2lb",
			"return #ARGV":                           "2",
			"return {1, {2}}":                        "[1 [2]]",
			"":                                       "<nil>",
			"return nil":                             "<nil>",
			"local x = 1 -- without a line's end":    "<nil>",
			"return redis.call('SET', KEYS[1], 'v')": "OK",
		} {
			if got, err := run(5, body); err != nil || fmt.Sprint(got) != want {
				t.Errorf("%q: got %v, %v, want %s", body, got, err, want)
			}
		}
		for _, body := range []string{"return redis.call('INCR', KEYS[1])", "error('oh')", "return redis.error_reply('oh')", "return ("} {
			if got, err := run(6, body); err == nil || errors.Is(err, fencing.ErrStale) {
				t.Errorf("%q: got %v, %v, want an error that is not ErrStale", body, got, err)
			}
		}
		_, err := run(5, "return 7")
		wantIs(t, err, fencing.ErrStale)
		if _, err := deposit.Run(t.Context(), server, 7, nil); err == nil {
			t.Error("got a script without keys carried out")
		}
	})
}

// Of two writers that race, the stale one never writes after the other has.
func TestScriptUnderRacingWriters(t *testing.T) {
	var add = fencing.NewScript(`return redis.call('RPUSH', KEYS[1], ARGV[1])`)
	servers(t, func(t *testing.T, server *redis.Client) {
		refused := make([]int, 4)
		var all sync.WaitGroup
		for writer := range refused {
			all.Go(func() {
				r := rand.New(rand.NewPCG(2, uint64(writer)))
				for i := range 150 {
					fence := 1 + uint64(i)/5 + r.Uint64N(3)
					switch _, err := add.Run(t.Context(), server, fence, []string{"log"}, fence); {
					case errors.Is(err, fencing.ErrStale):
						refused[writer]++
					case err != nil:
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		var written []uint64
		if err := server.LRange(t.Context(), "log", 0, -1).ScanSlice(&written); err != nil {
			t.Fatal(err)
		}
		for i := 1; i < len(written); i++ {
			if written[i] < written[i-1] {
				t.Fatalf("got a write by fence %d after one by %d", written[i], written[i-1])
			}
		}
		total := len(written)
		for _, count := range refused {
			total += count
		}
		if total != 4*150 || len(written) < 50 || total == len(written) {
			t.Errorf("got %d writes and %d refused", len(written), total-len(written))
		}
	})
}

// The fence's key is in the slot of the key.
func TestFenceKey(t *testing.T) {
	for key, want := range map[string]string{
		"account":  "{account}:fence",
		"a:{42}:b": "a:{42}:b:fence",
		"{42}":     "{42}:fence",
	} {
		if got := fencing.FenceKey(key); got != want {
			t.Errorf("%q: got %q, want %q", key, got, want)
		}
	}
}

// Both stores raise, never lower, and tell the larger of both.
func TestStores(t *testing.T) {
	raise := func(t *testing.T, s fencing.Store) {
		for _, c := range [][2]uint64{{5, 5}, {5, 5}, {4, 5}, {6, 6}, {1, 6}} {
			if got, err := s.Raise(t.Context(), "k", c[0]); err != nil || got != c[1] {
				t.Errorf("Raise(%d): got %d, %v, want %d", c[0], got, err, c[1])
			}
		}
	}
	t.Run("memory", func(t *testing.T) { raise(t, &fencing.Memory{}) })
	servers(t, func(t *testing.T, server *redis.Client) {
		raise(t, fencing.NewRedis(server))
		_ = server.Close()
		if _, err := fencing.NewRedis(server).Raise(t.Context(), "k", 9); err == nil {
			t.Error("got a fence from a server that is gone")
		}
	})
}

// A number that no lease has, at the place of the largest fence, keeps out who is smaller: by a script, and by a gate.
func TestLargestFenceOfNoLease(t *testing.T) {
	servers(t, func(t *testing.T, server *redis.Client) {
		if err := server.Set(t.Context(), fencing.FenceKey("account"), "1.7958899984e+15", 0).Err(); err != nil {
			t.Fatal(err)
		}
		_, err := deposit.Run(t.Context(), server, 7, []string{"account"}, 10)
		wantIs(t, err, fencing.ErrStale)
		_, err = fencing.NewGate(fencing.NewRedis(server)).Enter(t.Context(), "account", 7)
		wantIs(t, err, fencing.ErrStale)
	})
}
