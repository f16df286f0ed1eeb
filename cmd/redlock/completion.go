package main

import (
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quorumlock/quorumlock/internal/chaos/lock"
	"github.com/quorumlock/quorumlock/internal/chaos/plan"
)

// values are what shells offer for a flag that has a few, by its name, which means the same in every verb.
func values() map[string][]string {
	var lockers []string
	for _, l := range lock.Names() {
		lockers = append(lockers, l.Name)
	}
	return map[string][]string{
		"nodes":    {"docker:3", "docker:5", "process:3", "process:5", "embedded:3", "embedded:5"},
		"mode":     {"fenced", "plain"},
		"keys":     {"distinct", "one", "zipf"},
		"arrivals": {"poisson", "fixed"},
		"fault":    {"kill:", "pause:", "delay:"},
		"expect":   {"held", "free"},
		"lock":     lockers,
	}
}

// files are the flags whose values are files; of no other flag is the value one.
var files = map[string]bool{"password-file": true, "tls-ca": true, "tls-cert": true, "tls-key": true, "scenario": true}

// completions tells shells what may stand where, in the verb and those below it.
func completions(cmd *cobra.Command) {
	known := values()
	cmd.Flags().VisitAll(func(flag *pflag.Flag) {
		switch {
		case files[flag.Name]:
		case flag.Name == "out":
			_ = cmd.RegisterFlagCompletionFunc(flag.Name, only(nil, cobra.ShellCompDirectiveFilterDirs))
		case known[flag.Name] != nil && flag.Name == "fault":
			_ = cmd.RegisterFlagCompletionFunc(flag.Name, only(known[flag.Name], cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace))
		default:
			_ = cmd.RegisterFlagCompletionFunc(flag.Name, only(known[flag.Name], cobra.ShellCompDirectiveNoFileComp))
		}
	})
	if cmd.Name() == "chaos" {
		var presets []string
		for _, s := range plan.Presets() {
			presets = append(presets, s.Name)
		}
		cmd.ValidArgs = presets
	}
	if cmd.ValidArgsFunction == nil && len(cmd.ValidArgs) == 0 && cmd.Name() != "run" { // a command that is run may be a file
		cmd.ValidArgsFunction = cobra.NoFileCompletions
	}
	for _, sub := range cmd.Commands() {
		completions(sub)
	}
}

// only returns a completion by fixed words.
func only(words []string, how cobra.ShellCompDirective) cobra.CompletionFunc {
	return func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) { return words, how }
}
