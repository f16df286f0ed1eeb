package main

import (
	"github.com/spf13/cobra"

	"github.com/quorumlock/quorumlock/internal/bench"
)

// processVerb is what bench starts its processes with. It is for nobody else.
const processVerb = "bench-process"

func newBenchProcess() *cobra.Command {
	return &cobra.Command{
		Use:    processVerb,
		Hidden: true,
		Args:   cobra.NoArgs,
		Long:   "Is started by redlock bench: takes a task on standard input, and reports on standard output.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := bench.Work(cmd.Context(), cmd.InOrStdin(), cmd.OutOrStdout()); err != nil {
				return &ending{exitFail, err}
			}
			return nil
		},
	}
}
