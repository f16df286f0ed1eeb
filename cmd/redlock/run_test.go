package main

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// voting starts nodes that vote at once, as they do when they have been there for a while.
func voting(spec cluster.Spec) (*cluster.Cluster, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	c, err := cluster.Start(ctx, spec)
	if err != nil {
		return nil, err
	}
	locker, err := redlock.Dial(c.Addrs(), redlock.Config{Fresh: true})
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	lease, err := locker.Lock(ctx, "first")
	_ = lease.Unlock(ctx)
	if closed := locker.Close(); err == nil { // every node has heard of it then
		err = closed
	}
	if err != nil {
		_ = c.Close()
		return nil, err
	}
	return c, nil
}

// holdKey KEY: somebody else has it until the end of the script.
func holdKey(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: held KEY")
	}
	locker, err := redlock.Dial(strings.Split(ts.Getenv("REDLOCK_ADDRS"), ","), redlock.Config{})
	ts.Check(err)
	ts.Defer(func() { _ = locker.Close() })
	_, err = locker.Lock(context.Background(), args[0])
	ts.Check(err)
}

// A flag's value that is none says what would be one.
func TestRunFlagValues(t *testing.T) {
	var code codeFlag
	for _, s := range []string{"-1", "256", "x", ""} {
		if err := code.Set(s); err == nil {
			t.Errorf("%q: got %d, want an error", s, code)
		}
	}
	for _, s := range []string{"0", "255"} {
		if err := code.Set(s); err != nil || code.String() != s {
			t.Errorf("%q: got %v, %v", s, code.String(), err)
		}
	}
	var action onLostFlag
	for _, s := range []string{"kill", "signal", "warn"} {
		if err := action.Set(s); err != nil || action.String() != s {
			t.Errorf("%q: got %v, %v", s, action.String(), err)
		}
	}
}
