package main

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/rogpeppe/go-internal/testscript"

	"github.com/quorumlock/quorumlock/internal/cluster"
)

// nodesKey is where a script keeps its nodes.
type nodesKey struct{}

// startNodes N: has so many nodes in memory, new ones, which REDLOCK_ADDRS names, and NODE0, NODE1, … one by one.
func startNodes(ts *testscript.TestScript, neg bool, args []string) {
	count, err := strconv.Atoi(strings.Join(args, ""))
	if neg || err != nil {
		ts.Fatalf("usage: nodes N")
	}
	c, err := cluster.Start(context.Background(), cluster.Spec{Kind: cluster.Embedded, Nodes: count})
	ts.Check(err)
	ts.Defer(func() { ts.Check(c.Close()) })
	ts.Setenv("REDLOCK_ADDRS", strings.Join(c.Addrs(), ","))
	for i, addr := range c.Addrs() {
		ts.Setenv("NODE"+strconv.Itoa(i), addr)
	}
	started(ts)[0] = c
}

// downNode INDEX: kills the node.
func downNode(ts *testscript.TestScript, neg bool, args []string) {
	i, err := strconv.Atoi(strings.Join(args, ""))
	if neg || err != nil {
		ts.Fatalf("usage: down INDEX")
	}
	ts.Check(started(ts)[0].Node(i).Kill(context.Background()))
}

// tellNode INDEX COMMAND...: has the node carry a command out.
func tellNode(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: tell INDEX COMMAND...")
	}
	i, err := strconv.Atoi(args[0])
	ts.Check(err)
	client := redis.NewClient(&redis.Options{Addr: started(ts)[0].Addrs()[i], DisableIdentity: true})
	defer client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	var command []any
	for _, arg := range args[1:] {
		command = append(command, arg)
	}
	if err := client.Do(ctx, command...).Err(); err != nil {
		ts.Fatalf("%v: %v", args, err)
	}
}

// codeOf CODE COMMAND...: the command ends with this exit code.
func codeOf(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: code CODE COMMAND...")
	}
	got := "0"
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		got = strings.TrimPrefix(fmt.Sprint(err), "exit status ")
	}
	if got != args[0] {
		ts.Fatalf("got exit code %s, want %s", got, args[0])
	}
}

// started returns where the script keeps its nodes.
func started(ts *testscript.TestScript) []*cluster.Cluster {
	return ts.Value(nodesKey{}).([]*cluster.Cluster)
}
