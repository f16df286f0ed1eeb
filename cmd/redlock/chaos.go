package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumlock/quorumlock/internal/chaos"
	"github.com/quorumlock/quorumlock/internal/chaos/check"
	"github.com/quorumlock/quorumlock/internal/chaos/lock"
	"github.com/quorumlock/quorumlock/internal/chaos/plan"
)

// chaosFlags are what the command line says.
type chaosFlags struct {
	reach                 reachFlags
	nodes                 nodesFlag
	ttl, maxTTL, duration boundedFlag
	mode                  choiceFlag[string]
	scenario, out         string
	dryRun, json          bool
	cfg                   chaos.Config
}

func newChaos() *cobra.Command {
	f := &chaosFlags{
		nodes:    nodesFlag{count: 5},
		ttl:      boundedFlag{value: 2 * time.Second, least: 500 * time.Millisecond, most: time.Minute},
		maxTTL:   boundedFlag{value: 30 * time.Second, least: 500 * time.Millisecond, most: time.Hour},
		duration: boundedFlag{least: 2 * time.Second, most: 4 * time.Hour},
		mode:     choiceFlag[string]{"fenced", parseMode, "MODE"},
	}
	cmd := &cobra.Command{
		Use:  "chaos [PRESET]",
		Long: chaosPage,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			cfg, err := f.config(cmd, args)
			if err != nil {
				return err
			}
			if f.dryRun {
				return showPlan(cmd, cfg)
			}
			return f.play(cmd, cfg)
		},
	}
	cmd.Short = "Break nodes while clients lock, and see whether the lock holds"
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Var(&f.nodes, "nodes", "start nodes: docker, process or embedded, and how many, odd, 3 to 15;\nby default 5 of the best kind that this machine can run")
	f.reach.add(flags, useThese)
	flags.StringVar(&f.cfg.Hooks.Kill, "kill-cmd", "", "with --addr: the shell command that kills a node, see below")
	flags.StringVar(&f.cfg.Hooks.Start, "start-cmd", "", "with --addr: the shell command that starts it again")
	flags.StringVar(&f.cfg.Label, "docker-label", "", "with --addr: the label, NAME or NAME=VALUE, of the containers that the nodes are")
	flags.Var(&f.maxTTL, "max-ttl", "with --addr: the longest TTL of all clients of these nodes, as their Config.MaxTTL says")
	flags.StringVar(&f.cfg.Deployment, "deployment", "", "with --addr: the name of these nodes, as their clients' Config.Deployment says")
	flags.StringVar(&f.scenario, "scenario", "", "what goes wrong, from this file instead of a preset")
	flags.Uint64Var(&f.cfg.Seed, "seed", 0, "of the plan; by default another one each time, which is printed")
	flags.Var(&f.duration, "duration", "how long, 2s to 4h; by default what the preset says")
	flags.Var(&f.ttl, "ttl", "for how long a grant lives that nobody extends, 500ms to 1m; presets count in it")
	flags.Var(&f.mode, "mode", "fenced or plain")
	flags.StringVar(&f.cfg.Lock, "lock", "", "lock with something that is wrong on purpose, see below")
	flags.IntVar(&f.cfg.Processes, "processes", 4, "processes of clients")
	flags.IntVar(&f.cfg.Contenders, "contenders", 3, "clients in each that want the same four keys")
	flags.IntVar(&f.cfg.Loners, "loners", 1, "clients in each that want keys of their own")
	flags.BoolVar(&f.dryRun, "dry-run", false, "print the plan, as a scenario, and do nothing")
	flags.BoolVar(&f.json, "json", false, "print an object for each event as it happens, and the verdict as the last one")
	flags.StringVar(&f.out, "out", ".", "where to make the folder with the report")
	cmd.AddCommand(newChaosClean())
	return cmd
}

// config puts together what the flags and the preset say, and looks whether it makes sense.
func (f *chaosFlags) config(cmd *cobra.Command, args []string) (chaos.Config, error) {
	cfg, changed := f.cfg, cmd.Flags().Changed
	cfg.Kind, cfg.Nodes, cfg.TTL, cfg.Duration = f.nodes.kind, f.nodes.count, f.ttl.value, f.duration.value
	cfg.Plain = f.mode.value == "plain"
	if changed("max-ttl") {
		cfg.MaxTTL = f.maxTTL.value
	}
	if !changed("seed") {
		cfg.Seed = rand.Uint64N(1_000_000)
	}
	switch {
	case changed("addr") && changed("nodes"):
		return cfg, errors.New("--addr and --nodes: chaos uses your nodes or starts its own, not both")
	case f.scenario != "" && len(args) > 0:
		return cfg, errors.New("a preset and --scenario: want one of them")
	case cfg.Plain && cfg.Lock != "":
		return cfg, errors.New("--mode is the library's; --lock is something else")
	}
	for _, flag := range []struct {
		name string
		n    int
	}{{"processes", cfg.Processes}, {"contenders", cfg.Contenders}, {"loners", cfg.Loners}} {
		if flag.n < 1 {
			return cfg, fmt.Errorf("--%s: want at least 1", flag.name)
		}
	}
	if err := lock.Known(cfg.Lock); err != nil {
		return cfg, fmt.Errorf("--lock: %w", err)
	}
	given, err := f.reach.given(cmd.Flags())
	if err != nil {
		return cfg, err
	}
	cfg.Addrs, cfg.TLS, cfg.Given = given.Addrs, given.Files, f.reach.settings.Words()
	cfg.Scenario, cfg.File, err = f.choose(cfg, args)
	if err != nil {
		return cfg, err
	}
	self, err := os.Executable()
	if err != nil {
		return cfg, err
	}
	cfg.Worker = func() *exec.Cmd { return exec.Command(self, workerVerb) }
	return cfg.Complete()
}

// choose returns what is to go wrong: by default everything, and on nodes of the user's, what they let us do.
func (f *chaosFlags) choose(cfg chaos.Config, args []string) (s *plan.Scenario, file string, err error) {
	switch {
	case f.scenario != "":
		text, err := os.ReadFile(f.scenario)
		if err != nil {
			return nil, "", err
		}
		s, err := plan.Parse(text)
		if err != nil {
			return nil, "", fmt.Errorf("%s: %w", f.scenario, err)
		}
		return s, f.scenario, nil
	case len(args) > 0:
		s, err = plan.Preset(args[0])
	case len(cfg.Addrs) == 0:
		s, err = plan.Preset("everything")
	case cfg.Hooks.Kill != "" || cfg.Label != "":
		s, err = plan.Preset("kill-minority")
	}
	return s, "", err
}

// showPlan prints what would go wrong.
func showPlan(cmd *cobra.Command, cfg chaos.Config) error {
	_, p, err := chaos.Plan(cmd.Context(), cfg)
	if err != nil {
		return &ending{exitUnknown, err}
	}
	text, err := p.YAML()
	if err != nil {
		return &ending{exitUnknown, err}
	}
	fmt.Fprintf(cmd.OutOrStdout(), "# redlock chaos --scenario FILE plays this again.\n%s", text)
	for _, left := range p.Left {
		fmt.Fprintf(cmd.ErrOrStderr(), "redlock: chaos: left out: %s\n", left)
	}
	return nil
}

// play runs it, and shows what happens and what came of it.
func (f *chaosFlags) play(cmd *cobra.Command, cfg chaos.Config) error {
	if _, _, err := chaos.Plan(cmd.Context(), cfg); err != nil { // before anything is made
		return &ending{exitUnknown, err}
	}
	dir, err := makeRunDir(f.out, time.Now())
	if err != nil {
		return &ending{exitUnknown, err}
	}
	cfg.Dir = dir
	var shown chaosScreen = newChaosLines(cmd.ErrOrStderr())
	switch {
	case f.json:
		shown = newChaosJSON(cmd.OutOrStdout())
	case isTerminal(cmd.ErrOrStderr()):
		shown = newChaosLive(cmd.ErrOrStderr(), cfg)
	}
	report, err := chaos.Run(cmd.Context(), cfg, shown.event)
	shown.close()
	if report == nil {
		_ = os.RemoveAll(dir)
		if errors.Is(err, context.Canceled) {
			return &ending{exitUnknown, errors.New("interrupted before anything was played; what was started is removed")}
		}
		return &ending{exitUnknown, errors.New(strings.TrimPrefix(strings.TrimPrefix(err.Error(), "cluster: "), "redlock: "))}
	}
	linkLatest(dir)
	if f.json {
		shown.(*chaosJSON).verdict(report, dir)
	} else {
		fmt.Fprint(cmd.OutOrStdout(), chaosText(report, dir, paletteFor(cmd.OutOrStdout())))
	}
	switch {
	case report.Verdict.Outcome == check.Fail: // whatever else went wrong
		return &ending{exitFail, err}
	case err != nil || report.Verdict.Outcome != check.Pass:
		return &ending{exitUnknown, err}
	}
	return nil
}

// makeRunDir makes the folder of a run.
func makeRunDir(parent string, now time.Time) (string, error) {
	name := filepath.Join(parent, "chaos-"+now.Format("20060102-150405"))
	dir := name
	for i := 2; ; i++ {
		err := os.Mkdir(dir, 0o777)
		if !errors.Is(err, os.ErrExist) || i > 99 {
			return dir, err
		}
		dir = fmt.Sprintf("%s-%d", name, i)
	}
}

// linkLatest makes latest, beside dir, lead to it. Where there are no links, or something else has the name, nothing
// happens: it is a convenience.
func linkLatest(dir string) {
	link := filepath.Join(filepath.Dir(dir), "latest")
	if to, err := os.Readlink(link); err == nil && strings.HasPrefix(filepath.Base(to), "chaos-") {
		_ = os.Remove(link)
	}
	_ = os.Symlink(filepath.Base(dir), link)
}
