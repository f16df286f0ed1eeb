package main

import (
	"errors"
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumlock/quorumlock/internal/sim"
)

// enoughRuns is from how many runs on it is a failure when something never happened in them.
const enoughRuns = 200

func newSim() *cobra.Command {
	duration := boundedFlag{value: 10 * time.Second, least: 10 * time.Millisecond, most: 1000 * time.Hour}
	var mutant mutantFlag
	var seeds, seed uint64
	var cores int
	var asJSON, story bool
	cmd := &cobra.Command{
		Use:    "sim",
		Long:   strings.Replace(simPage, "{{MUTANTS}}", mutantsText(), 1),
		Args:   cobra.NoArgs,
		Hidden: true, // for those who work on the protocol
		RunE: func(cmd *cobra.Command, _ []string) error {
			changed := cmd.Flags().Changed
			one := changed("seed") && !changed("seeds") && !changed("duration")
			switch {
			case changed("seeds") && changed("duration"):
				return errors.New("--seeds and --duration: say how many runs, or for how long, not both")
			case changed("seeds") && seeds == 0:
				return errors.New("--seeds: want at least 1")
			case cores < 1 || cores > 1024:
				return errors.New("--cores: want 1 to 1024")
			case story && !one:
				return errors.New("--story: say which run by --seed, and neither --seeds nor --duration")
			case one:
				return replay(cmd, seed, mutant.value, story, asJSON)
			}
			// A run makes little that lives long, and much that does not: collecting it less often takes a quarter less CPU.
			defer debug.SetGCPercent(debug.SetGCPercent(400))
			series := sim.Series{First: seed, Count: seeds, Cores: cores, Mutant: mutant.value}
			if !changed("seeds") {
				series.Until = time.Now().Add(duration.value)
			}
			return simulate(cmd, series, asJSON)
		},
	}
	cmd.Short = "Run the protocol in simulated worlds"
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.Uint64Var(&seed, "seed", 1, "the run, or the first of many")
	flags.Uint64Var(&seeds, "seeds", 0, "how many runs; by default as --duration says")
	flags.Var(&duration, "duration", "for how long runs begin, 10ms to 1000h")
	flags.IntVar(&cores, "cores", runtime.GOMAXPROCS(0), "how many runs at the same time")
	flags.Var(&mutant, "mutant", "what is broken on purpose, see below")
	flags.BoolVar(&story, "story", false, "tell the whole story of --seed, also when it passes")
	flags.BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// simulate carries many runs out and prints what they came to.
func simulate(cmd *cobra.Command, series sim.Series, asJSON bool) error {
	began := time.Now()
	shown := newSimProgress(cmd.ErrOrStderr(), series)
	series.Tell = shown.tell
	report := series.Run(cmd.Context())
	took := time.Since(began)
	shown.close()
	out := simResult{Seed: series.First, Mutant: series.Mutant, Violations: report.Violations,
		Figures: report.Figures(took, series.Cores), table: report.Table(took, series.Cores)}
	interrupted := cmd.Context().Err() != nil
	if report.Runs >= enoughRuns && series.Mutant == sim.Intact && !interrupted {
		out.TooLittle = report.Enough()
	}
	if err := out.print(cmd.OutOrStdout(), asJSON, interrupted); err != nil {
		return &ending{exitUnknown, err}
	}
	switch {
	case out.failed():
		return &ending{exitFail, nil}
	case interrupted:
		return &ending{exitUnknown, fmt.Errorf("no verdict: interrupted after %d runs", report.Runs)}
	}
	return nil
}

// replay carries one run out and tells its story when it fails.
func replay(cmd *cobra.Command, seed uint64, mutant sim.Mutant, whole, asJSON bool) error {
	ctx := cmd.Context()
	cfg := sim.Draw(seed)
	cfg.Mutant = mutant
	faults := sim.Faults(cfg)
	began := time.Now()
	report := sim.Run(cfg, faults, nil)
	took := time.Since(began)
	out := simResult{Seed: seed, Mutant: mutant, Violations: report.Violations, Figures: report.Figures(took, 1),
		table: report.Table(took, 1), drawn: &cfg}
	switch {
	case out.failed():
		fmt.Fprintf(cmd.ErrOrStderr(), "redlock: sim: seed %d fails; looking for a smaller run that fails as well\n", seed)
		small, fewer := sim.Shrink(ctx, cfg, faults, report.Violations[0].Rule)
		out.tell(small, fewer, report.Violations[0].Rule)
		if !whole {
			out.shorten()
		}
	case whole:
		out.tell(cfg, faults, "")
	}
	if err := out.print(cmd.OutOrStdout(), asJSON, ctx.Err() != nil); err != nil {
		return &ending{exitUnknown, err}
	}
	if out.failed() {
		return &ending{exitFail, nil}
	}
	return nil
}

// mutantFlag is a mutant by its name.
type mutantFlag struct{ value sim.Mutant }

func (f *mutantFlag) Type() string { return "NAME" }

func (f *mutantFlag) String() string {
	if f.value == sim.Intact {
		return ""
	}
	return f.value.String()
}

func (f *mutantFlag) Set(name string) error {
	m, err := sim.ParseMutant(name)
	if err == nil {
		f.value = m
	}
	return err
}

// dashed is a mutant's name as one word.
func dashed(m sim.Mutant) string { return strings.ReplaceAll(m.String(), " ", "-") }

// mutantsText lists the mutants and what each breaks.
func mutantsText() string {
	var b strings.Builder
	for _, m := range sim.Mutants() {
		fmt.Fprintf(&b, "\n    %-22s %s", dashed(m), m.Does())
	}
	return b.String()[1:]
}
