package bench

import (
	"context"
	"slices"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// declareNew says that no lock can be held on the nodes yet, which therefore vote at once.
func declareNew(t *testing.T, addrs []string) {
	t.Helper()
	l, err := redlock.Dial(addrs, redlock.Config{Fresh: true})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := l.Do(t.Context(), "any", func(context.Context, *redlock.Lease) error { return nil }); err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil { // by now every node has been asked
		t.Fatal(err)
	}
}

// On nodes that were there, everything of the run is removed afterwards, and nothing else is touched.
func TestGivenNodesStayAsTheyWere(t *testing.T) {
	c, err := cluster.Start(t.Context(), cluster.Spec{Kind: cluster.Embedded, Nodes: 3})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	declareNew(t, c.Addrs())
	client := redis.NewClient(&redis.Options{Addr: c.Addrs()[1]})
	defer client.Close()
	theirs := []string{"bench/x", "orders/42", "quorumlock:fence:{orders/42}"}
	for _, key := range theirs {
		if err := client.Set(t.Context(), key, "1", 0).Err(); err != nil {
			t.Fatal(err)
		}
	}
	cfg := short()
	cfg.Kind, cfg.Nodes, cfg.Addrs = "", 0, []string{c.Addrs()[0], "redis://" + c.Addrs()[1], c.Addrs()[2]}
	r := mustRun(t, cfg)
	if r.Environment.Kind != "" || r.Environment.Nodes != 3 || r.Left.Looked != 3 || r.Left.Keys != 0 || r.Left.Counters == 0 {
		t.Errorf("got %+v, left %+v", r.Environment, r.Left)
	}
	keys, err := client.Keys(t.Context(), "*").Result()
	keys = slices.DeleteFunc(keys, func(key string) bool { return key == "quorumlock:fence:{any}" || key == "quorumlock:meta" })
	if err != nil || len(keys) != len(theirs) {
		t.Errorf("got keys %q, %v; want only %q", keys, err, theirs)
	}
}

// A key that was left makes the run no success.
func TestLeftKeysAreAProblem(t *testing.T) {
	if problem := (&Result{Completed: 1, Left: Leftovers{Keys: 1}}).Problem(); problem != "keys were left on the nodes" {
		t.Errorf("got %q", problem)
	}
}
