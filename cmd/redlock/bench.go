package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumlock/quorumlock/internal/bench"
	"github.com/quorumlock/quorumlock/redlock"
)

func newBench() *cobra.Command {
	nodes := nodesFlag{count: 5}
	keys := choiceFlag[bench.Keys]{bench.Distinct, bench.ParseKeys, "KEYS"}
	arrivals := choiceFlag[bench.Arrivals]{bench.Poisson, bench.ParseArrivals, "ARRIVALS"}
	mode := choiceFlag[string]{"fenced", parseMode, "MODE"}
	hold := boundedFlag{value: 0, least: 0, most: time.Hour}
	ttl := boundedFlag{value: 10 * time.Second, least: 10 * time.Millisecond, most: time.Hour}
	duration := boundedFlag{value: 10 * time.Second, least: 10 * time.Millisecond, most: 24 * time.Hour}
	warmup := boundedFlag{value: time.Second, least: 0, most: time.Hour}
	maxTTL := boundedFlag{value: 30 * time.Second, least: 10 * time.Millisecond, most: 24 * time.Hour}
	var reach reachFlags
	var faults faultsFlag
	var cfg bench.Config
	var asJSON bool
	var out string
	cmd := &cobra.Command{
		Use:  "bench",
		Long: benchPage,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg.Kind, cfg.Nodes, cfg.Keys, cfg.Faults = nodes.kind, nodes.count, keys.value, faults
			cfg.Hold, cfg.TTL, cfg.Duration, cfg.Warmup = hold.value, ttl.value, duration.value, warmup.value
			if cfg.Warmup == 0 {
				cfg.Warmup = -1
			}
			if cfg.Rate > 0 {
				cfg.Arrivals = arrivals.value
			}
			if mode.value == "plain" {
				cfg.Mode = redlock.Plain
			}
			changed := cmd.Flags().Changed
			if changed("max-ttl") {
				cfg.MaxTTL = maxTTL.value
			}
			switch {
			case changed("addr") && changed("nodes"):
				return errors.New("--addr and --nodes: bench uses your nodes or starts its own, not both")
			case changed("arrivals") && !changed("rate"):
				return errors.New("--arrivals is for an open load: say --rate as well")
			case changed("rate") && !(cfg.Rate > 0):
				return errors.New("--rate: want more than 0 locks per second")
			case changed("processes") && (cfg.Processes < 1 || cfg.Processes > bench.MaxProcesses):
				return fmt.Errorf("--processes: want 1 to %d", bench.MaxProcesses)
			case changed("workers") && cfg.Workers < 1:
				return errors.New("--workers: want at least 1")
			}
			given, err := reach.given(cmd.Flags())
			if err != nil {
				return err
			}
			cfg.Addrs, cfg.TLS = given.Addrs, given.Files
			self, err := os.Executable()
			if err != nil {
				return err
			}
			cfg.Process = func() *exec.Cmd { return exec.Command(self, processVerb) }
			if _, err := cfg.Complete(); err != nil {
				return err
			}
			return measure(cmd, cfg, asJSON, out)
		},
	}
	cmd.Short = "Measure what a quorum lock costs"
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Var(&nodes, "nodes", "start nodes: docker, process or embedded, and how many, odd, 3 to 15;\nby default 5 of the best kind that this machine can run")
	reach.add(flags, useThese)
	flags.Var(&maxTTL, "max-ttl", "with --addr: the longest TTL of all clients of these nodes, as their Config.MaxTTL says")
	flags.StringVar(&cfg.Deployment, "deployment", "", "with --addr: the name of these nodes, as their clients' Config.Deployment says")
	flags.IntVar(&cfg.Workers, "workers", 0, "locks under way at once in each process; by default 64, and with --rate at most 10000")
	flags.IntVar(&cfg.Processes, "processes", 1, "run the load in so many processes, 1 to 64, with --workers workers in each: N times as\nmany in all")
	flags.Float64Var(&cfg.Rate, "rate", 0, "ask for so many locks per second, whatever becomes of them; by default each\nworker asks when it has given back its last lock")
	flags.Var(&arrivals, "arrivals", "with --rate: poisson or fixed distances")
	flags.Var(&keys, "keys", "distinct (each worker its own), one (all the same), zipf (few of 1000 mostly)")
	flags.Var(&hold, "hold", "how long each lock is held")
	flags.Var(&ttl, "ttl", "for how long a grant lives that nobody extends, 10ms to 1h")
	flags.Var(&mode, "mode", "fenced or plain")
	flags.Var(&duration, "duration", "how long to measure, 10ms to 24h")
	flags.Var(&warmup, "warmup", "load before that, which does not count")
	flags.Var(&faults, "fault", "what goes wrong meanwhile, see below; repeatable")
	flags.Uint64Var(&cfg.Seed, "seed", 1, "of arrivals and keys")
	flags.BoolVar(&asJSON, "json", false, "print the result as one JSON object")
	flags.StringVar(&out, "out", "", "write result.json, bench.txt, cycle.hgrm, cycle.hlog and index.html there")
	return cmd
}

// measure runs the bench and prints it.
func measure(cmd *cobra.Command, cfg bench.Config, asJSON bool, out string) error {
	if out != "" {
		if err := os.MkdirAll(out, 0o777); err != nil {
			return &ending{exitUnknown, err}
		}
	}
	shown := newProgress(cmd.ErrOrStderr(), cfg)
	result, err := bench.Run(cmd.Context(), cfg, shown.event)
	shown.close()
	if err != nil && errors.Is(err, context.Canceled) {
		return &ending{exitFail, errors.New("interrupted before anything was measured; what was started is removed")}
	}
	if err != nil {
		return &ending{exitFail, errors.New(strings.TrimPrefix(err.Error(), "bench: "))}
	}
	if out != "" {
		if err := bench.WriteFiles(out, result); err != nil {
			return &ending{exitFail, err}
		}
	}
	if asJSON {
		err = json.NewEncoder(cmd.OutOrStdout()).Encode(result)
	} else {
		_, err = fmt.Fprint(cmd.OutOrStdout(), benchText(result, paletteFor(cmd.OutOrStdout())))
	}
	if err != nil {
		return &ending{exitFail, err}
	}
	if problem := result.Problem(); problem != "" {
		return &ending{exitFail, errors.New(problem)}
	}
	return nil
}

func parseMode(s string) (string, error) {
	if s != "fenced" && s != "plain" {
		return "", fmt.Errorf("unknown mode %q: want fenced or plain", s)
	}
	return s, nil
}

// choiceFlag is one of a few words.
type choiceFlag[T ~string] struct {
	value T
	parse func(string) (T, error)
	name  string
}

func (f *choiceFlag[T]) Type() string   { return f.name }
func (f *choiceFlag[T]) String() string { return string(f.value) }

func (f *choiceFlag[T]) Set(s string) error {
	value, err := f.parse(s)
	if err == nil {
		f.value = value
	}
	return err
}

// faultsFlag gathers faults.
type faultsFlag []bench.Fault

func (f *faultsFlag) Type() string { return "FAULT" }

func (f *faultsFlag) String() string {
	texts := make([]string, len(*f))
	for i, one := range *f {
		texts[i] = one.String()
	}
	return strings.Join(texts, " ")
}

func (f *faultsFlag) Set(s string) error {
	one, err := bench.ParseFault(s)
	if err == nil {
		*f = append(*f, one)
	}
	return err
}
