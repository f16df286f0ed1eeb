package main

import (
	"context"
	"fmt"
	"strconv"
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

// startNodes N: nodes inside the test, whose addresses are in $REDLOCK_ADDRS.
func startNodes(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 1 {
		ts.Fatalf("usage: nodes N")
	}
	n, err := strconv.Atoi(args[0])
	ts.Check(err)
	c, err := voting(cluster.Spec{Kind: cluster.Embedded, Nodes: n})
	ts.Check(err)
	ts.Defer(func() { _ = c.Close() })
	ts.Setenv("REDLOCK_ADDRS", strings.Join(c.Addrs(), ","))
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

// exitsWith CODE COMMAND...: whatever COMMAND prints is left for stdout and stderr.
func exitsWith(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND...")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := 0
	if err != nil {
		exit, ok := strings.CutPrefix(err.Error(), "exit status ")
		if !ok {
			ts.Fatalf("%v", err)
		}
		code, _ = strconv.Atoi(exit)
	}
	if got := fmt.Sprint(code); got != args[0] {
		ts.Fatalf("got exit code %s, want %s", got, args[0])
	}
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
