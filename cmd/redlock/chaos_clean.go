package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/quorumlock/quorumlock/internal/cluster"
)

func newChaosClean() *cobra.Command {
	cmd := &cobra.Command{
		Use:  "clean",
		Args: cobra.NoArgs,
		Long: "Removes containers and temporary directories that demos, benches and chaos runs have left which were killed themselves.\nWhat belongs to a run that goes on stays.",
		RunE: func(cmd *cobra.Command, _ []string) error {
			n, err := cluster.Clean(cmd.Context())
			if err != nil {
				return &ending{exitFail, err}
			}
			fmt.Fprintf(cmd.OutOrStdout(), "%d removed\n", n)
			return nil
		},
	}
	cmd.Short = "Remove what runs that were killed have left"
	return cmd
}
