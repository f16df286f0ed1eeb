package main

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/quorumlock/quorumlock/internal/doctor"
	"github.com/quorumlock/quorumlock/redlock"
)

// doctorFlags are what the command line says.
type doctorFlags struct {
	nodes                       accessFlags
	keys                        []string
	allowUnknown, verbose, json bool
}

func newDoctor() *cobra.Command {
	f := &doctorFlags{}
	cmd := &cobra.Command{
		Use:  "doctor",
		Long: doctorPage,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return f.run(cmd) },
	}
	cmd.Short = "Look whether nodes are what a quorum lock assumes"
	flags := cmd.Flags()
	flags.SortFlags = false
	f.nodes.add(flags)
	flags.StringArrayVar(&f.keys, "key", nil, "a key that is to be locked, to see whether an ACL allows it; repeatable")
	flags.BoolVar(&f.allowUnknown, "allow-unknown", false, "exit with 0 although something could not be found out")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "show also what is as it should be")
	flags.BoolVar(&f.json, "json", false, "print the report as one JSON object")
	return cmd
}

func (f *doctorFlags) run(cmd *cobra.Command) error {
	known, settings, err := f.nodes.checked()
	if err != nil {
		return err
	}
	report, err := doctor.Run(cmd.Context(), doctor.Config{
		Addrs: known.Addrs, TLS: known.TLS, Timeout: settings.NodeTimeout, MaxTTL: longestTTL(settings), Deployment: settings.Deployment,
		Plain: settings.Mode == redlock.Plain, Durable: settings.DurableNodes, Keys: f.keys,
	})
	if err != nil {
		return err
	}
	if cmd.Context().Err() != nil {
		return &ending{exitFail, errors.New("interrupted")}
	}
	if f.json {
		err = json.NewEncoder(cmd.OutOrStdout()).Encode(report)
	} else {
		_, err = fmt.Fprint(cmd.OutOrStdout(), doctorText(report, f.verbose, paletteFor(cmd.OutOrStdout())))
	}
	switch {
	case err != nil:
		return &ending{exitFail, err}
	case report.Verdict == doctor.Problem, report.Verdict == doctor.Unknown && !f.allowUnknown:
		return &ending{exitFail, nil}
	}
	return nil
}
