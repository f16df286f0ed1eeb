package main

import (
	"github.com/spf13/cobra"

	"github.com/quorumlock/quorumlock/internal/chaos/worker"
)

// workerVerb is what chaos starts its processes with. It is for nobody else.
const workerVerb = "chaos-worker"

func newChaosWorker() *cobra.Command {
	return &cobra.Command{
		Use:    workerVerb,
		Hidden: true,
		Args:   cobra.NoArgs,
		Long:   "Is started by redlock chaos: takes a task on standard input, and reports on standard output.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := worker.Run(cmd.InOrStdin(), cmd.OutOrStdout()); err != nil {
				return &ending{exitFail, err}
			}
			return nil
		},
	}
}
