package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumlock/quorumlock/internal/declare"
	"github.com/quorumlock/quorumlock/redlock"
)

func newInit() *cobra.Command {
	var nodes accessFlags
	var cfg declare.Config
	var asJSON bool
	cmd := &cobra.Command{
		Use:  "init",
		Long: initPage,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if nodes.plain {
				return errors.New("--plain: nodes vote at once without scripts, so that there is nothing to declare")
			}
			known, settings, err := nodes.checked()
			if err != nil {
				return err
			}
			cfg.Addrs, cfg.TLS, cfg.Timeout = known.Addrs, known.TLS, settings.NodeTimeout
			cfg.Deployment, cfg.MaxTTL = settings.Deployment, longestTTL(settings)
			result, err := declare.Run(cmd.Context(), cfg)
			if err != nil {
				return err
			}
			return showInit(cmd, result, asJSON)
		},
	}
	cmd.Short = "Declare that nodes are new, so that they vote at once"
	flags := cmd.Flags()
	flags.SortFlags = false
	nodes.add(flags)
	flags.BoolVar(&cfg.Force, "force", false, "declare also nodes that something speaks against, and leave out those that are down")
	flags.BoolVar(&asJSON, "json", false, "print the result as one JSON object")
	return cmd
}

// longestTTL is what Config.MaxTTL means.
func longestTTL(cfg redlock.Config) time.Duration {
	if cfg.MaxTTL == 0 {
		return max(30*time.Second, cfg.TTL)
	}
	return cfg.MaxTTL
}

// showInit prints the result, and returns how the verb ends.
func showInit(cmd *cobra.Command, result declare.Result, asJSON bool) error {
	var err error
	if asJSON {
		err = json.NewEncoder(cmd.OutOrStdout()).Encode(result)
	} else {
		_, err = fmt.Fprint(cmd.OutOrStdout(), initText(result, paletteFor(cmd.OutOrStdout())))
	}
	switch {
	case err != nil:
		return &ending{exitFail, err}
	case cmd.Context().Err() != nil:
		return &ending{exitFail, errors.New("interrupted")}
	case result.Declared:
		return nil
	case asJSON:
		return &ending{exitFail, nil}
	}
	return &ending{exitFail, errors.New("not declared: see above; --force declares it all the same")}
}

func initText(r declare.Result, p palette) string {
	var b strings.Builder
	for _, n := range r.Nodes {
		state := map[declare.State]string{
			declare.Declared: p.good("declared new: it votes now"),
			declare.Voted:    p.good("votes already"),
			declare.Refused:  p.bad("refused"),
			declare.Silent:   p.bad("no answer"),
			declare.Untouch:  "left as it is",
		}[n.State]
		fmt.Fprintf(&b, "%s  %s\n", p.bold(n.Addr), state)
		for _, text := range n.Checked {
			fmt.Fprintf(&b, "    ok       %s\n", text)
		}
		for _, text := range n.Notes {
			fmt.Fprintf(&b, "    note     %s\n", text)
		}
		for _, text := range n.Against {
			fmt.Fprintf(&b, "    %s  %s\n", p.bad("against"), text)
		}
	}
	voting := 0
	for _, n := range r.Nodes {
		if n.State == declare.Declared || n.State == declare.Voted {
			voting++
		}
	}
	switch {
	case r.Declared && r.Forced:
		fmt.Fprintf(&b, "\n%s  by force: %d of %d nodes vote now, and %d decide\n", p.good("declared"), voting, len(r.Nodes), r.Need)
	case r.Declared:
		fmt.Fprintf(&b, "\n%s  all %d nodes vote now\n", p.good("declared"), voting)
	case voting == 0:
		fmt.Fprintf(&b, "\n%s  nothing was written\n", p.bad("refused"))
	default:
		fmt.Fprintf(&b, "\n%s  %d of %d nodes vote now\n", p.bad("refused"), voting, len(r.Nodes))
	}
	return b.String()
}
