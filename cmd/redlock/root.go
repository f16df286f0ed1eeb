package main

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// The help pages, with {{FLAGS}} where the flags go.
var (
	//go:embed help/redlock.txt
	rootPage string
	//go:embed help/run.txt
	runPage string
	//go:embed help/demo.txt
	demoPage string
	//go:embed help/bench.txt
	benchPage string
	//go:embed help/chaos.txt
	chaosPage string
	//go:embed help/sim.txt
	simPage string
	//go:embed help/status.txt
	statusPage string
	//go:embed help/doctor.txt
	doctorPage string
	//go:embed help/init.txt
	initPage string
	//go:embed help/version.txt
	versionPage string
)

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:           "redlock",
		Long:          rootPage,
		SilenceErrors: true,
		SilenceUsage:  true,

		SuggestionsMinimumDistance: 2,
		Args:                       cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("which verb?")
			}
			if like := cmd.SuggestionsFor(args[0]); len(like) > 0 {
				return fmt.Errorf("unknown verb %q: did you mean %s?", args[0], strings.Join(like, " or "))
			}
			return fmt.Errorf("unknown verb %q", args[0])
		},
	}
	root.SetHelpFunc(page)
	root.AddCommand(newRun(), newWatchdog(), newDemo(), newBench(), newBenchProcess(), newChaos(), newChaosWorker(), newSim(), newStatus(), newDoctor(), newInit(), newVersion())
	completions(root)
	return root
}

// page prints a verb's help: its page as it was written, and its flags as they are.
func page(cmd *cobra.Command, _ []string) {
	text := cmd.Long
	if !strings.Contains(text, "{{FLAGS}}") { // a verb that cobra brings along
		text = fmt.Sprintf("Usage:\n    %s\n\nFlags:\n{{FLAGS}}\n\n%s\n", cmd.UseLine(), strings.TrimSpace(text))
		for _, sub := range cmd.Commands() {
			text += fmt.Sprintf("\n    %-12s%s", sub.Name(), sub.Short)
		}
	}
	flags := strings.TrimRight(cmd.LocalFlags().FlagUsagesWrapped(100), "\n")
	fmt.Fprintln(cmd.OutOrStdout(), strings.TrimSpace(strings.Replace(text, "{{FLAGS}}", flags, 1)))
}
