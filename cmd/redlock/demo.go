package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/internal/demo"
)

// What the demo's flags may be.
const (
	leastNodes, mostNodes = 3, 15
	leastTTL, mostTTL     = 500 * time.Millisecond, 30 * time.Second
	leastAct, mostAct     = 500 * time.Millisecond, 10 * time.Minute
)

func newDemo() *cobra.Command {
	nodes := nodesFlag{count: 5}
	ttl := boundedFlag{value: 2 * time.Second, least: leastTTL, most: mostTTL}
	act := boundedFlag{value: 2 * time.Second, least: leastAct, most: mostAct}
	var asJSON bool
	cmd := &cobra.Command{
		Use:  "demo",
		Long: demoPage,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return play(cmd, nodes, asJSON, demo.Config{
				TTL: ttl.value, Act: act.value, Key: "orders/42", Names: []string{"ann", "ben", "cy"},
			})
		},
	}
	cmd.Short = "Watch a lock survive its nodes"
	cmd.Flags().Var(&nodes, "nodes", "what the nodes run as, docker, process or embedded, and how many,\nodd, 3 to 15; by default 5 of the best kind that this machine can run")
	cmd.Flags().Var(&ttl, "ttl", "for how long a grant lives that nobody extends, 500ms to 30s")
	cmd.Flags().Var(&act, "act", "how long the acts 1, 2 and 4 last, each; act 3 takes about a TTL")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object per event, and the verdict as the last one")
	return cmd
}

// play runs the demo and prints it.
func play(cmd *cobra.Command, nodes nodesFlag, asJSON bool, cfg demo.Config) error {
	// A page that cannot be written any more ends the play.
	ctx, stop := context.WithCancelCause(cmd.Context())
	defer stop(nil)
	out := &watched{w: cmd.OutOrStdout(), fail: stop}
	var scr script = newStory(out, cfg)
	if asJSON {
		scr = newLines(out)
	}

	cfg.Kind, cfg.Nodes = nodes.kind, nodes.count
	why := "--nodes asks for them"
	if cfg.Kind == "" {
		var worse string
		if cfg.Kind, worse = cluster.Best(ctx); worse == "" {
			why = "a Docker engine answers"
		} else {
			why = "nothing better runs here (" + worse + ")"
		}
	}
	scr.choice(cfg.Kind, cfg.Nodes, why)
	cfg.Tell = scr.event
	history, err := demo.Run(ctx, cfg)
	switch {
	case errors.Is(err, demo.ErrStopped) && cmd.Context().Err() == nil:
		return &ending{exitUnknown, fmt.Errorf("no verdict: %w; the nodes are removed", context.Cause(ctx))}
	case errors.Is(err, demo.ErrStopped):
		return &ending{exitUnknown, errors.New("no verdict: interrupted; the nodes are removed")}
	case err != nil && cmd.Context().Err() != nil:
		return &ending{exitUnknown, fmt.Errorf("no verdict: interrupted: %w", err)}
	case err != nil:
		return &ending{exitUnknown, fmt.Errorf("no verdict: %w", err)}
	}
	results := demo.Judge(history)
	scr.verdict(results)
	switch {
	case ctx.Err() != nil:
		return &ending{exitUnknown, context.Cause(ctx)}
	case !demo.Passed(results):
		return &ending{exitFail, nil}
	}
	return nil
}

// script is one way to print the play.
type script interface {
	choice(kind cluster.Kind, nodes int, why string)
	event(demo.Event)
	verdict([]demo.Result)
}

// watched passes writes on, and tells of the first that fails.
type watched struct {
	w    io.Writer
	fail func(error)
}

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.w.Write(p)
	if err != nil {
		w.fail(err)
	}
	return n, err
}

// nodesFlag is KIND:N, KIND, or N.
type nodesFlag struct {
	kind  cluster.Kind // "" is for the machine to decide
	count int
}

func (f *nodesFlag) Type() string { return "KIND:N" }

func (f *nodesFlag) String() string {
	if f.kind == "" {
		return ""
	}
	return fmt.Sprintf("%s:%d", f.kind, f.count)
}

func (f *nodesFlag) Set(s string) error {
	kind, number, both := strings.Cut(s, ":")
	if _, err := strconv.Atoi(kind); err == nil && !both {
		kind, number, both = "", kind, true
	}
	read := nodesFlag{count: f.count}
	if kind != "" || s == "" || strings.HasPrefix(s, ":") {
		var err error
		if read.kind, err = cluster.ParseKind(kind); err != nil {
			return errors.New(strings.TrimPrefix(err.Error(), "cluster: "))
		}
	}
	if both {
		n, err := strconv.Atoi(number)
		switch {
		case err != nil:
			return fmt.Errorf("%q is no number of nodes", number)
		case n < leastNodes || n > mostNodes:
			return fmt.Errorf("%d nodes: want %d to %d", n, leastNodes, mostNodes)
		case n%2 == 0:
			return fmt.Errorf("%d nodes: want an odd number, since %d survive as many failures as %d do", n, n, n-1)
		}
		read.count = n
	}
	*f = read
	return nil
}

// boundedFlag is a duration between two others.
type boundedFlag struct{ value, least, most time.Duration }

func (f *boundedFlag) Type() string   { return "DURATION" }
func (f *boundedFlag) String() string { return f.value.String() }

func (f *boundedFlag) Set(s string) error {
	d, err := time.ParseDuration(s)
	switch {
	case err != nil:
		return fmt.Errorf("%q is no duration: want something like 2s or 1500ms", s)
	case d < f.least || d > f.most:
		return fmt.Errorf("want %v to %v", f.least, f.most)
	}
	f.value = d
	return nil
}
