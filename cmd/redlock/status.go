package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/quorumlock/quorumlock/internal/inspect"
)

// exitOtherwise is what status exits with when a key stands otherwise than --expect says.
const exitOtherwise = 3

// statusFlags are what the command line says.
type statusFlags struct {
	nodes        accessFlags
	owners, json bool
	watch        boundedFlag
	expect       choiceFlag[inspect.Verdict]
}

func newStatus() *cobra.Command {
	f := &statusFlags{
		watch:  boundedFlag{least: 100 * time.Millisecond, most: time.Hour},
		expect: choiceFlag[inspect.Verdict]{"", parseExpected, "VERDICT"},
	}
	cmd := &cobra.Command{
		Use:  "status KEY...",
		Long: statusPage,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return errors.New("which key?")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	cmd.Short = "Show who holds keys, node by node and over the quorum"
	flags := cmd.Flags()
	flags.SortFlags = false
	f.nodes.add(flags)
	flags.Var(&f.watch, "watch", "look again and again, until Ctrl-C; every second, or --watch=INTERVAL")
	flags.Lookup("watch").NoOptDefVal = "1s"
	flags.Lookup("watch").DefValue = ""
	flags.Var(&f.expect, "expect", "held or free: exit with 3 when a key stands otherwise")
	flags.BoolVar(&f.owners, "show-owners", false, "show also owners that other programs have stored, which may be secrets of theirs")
	flags.BoolVar(&f.json, "json", false, "print one JSON object for each look")
	return cmd
}

func parseExpected(s string) (inspect.Verdict, error) {
	switch v := inspect.Verdict(s); v {
	case inspect.IsHeld, inspect.IsFree:
		return v, nil
	}
	return "", fmt.Errorf("unknown verdict %q: want held or free", s)
}

func (f *statusFlags) run(cmd *cobra.Command, keys []string) error {
	known, settings, err := f.nodes.checked()
	if err != nil {
		return err
	}
	looker, err := inspect.Open(inspect.Config{Addrs: known.Addrs, TLS: known.TLS, Timeout: settings.NodeTimeout, Owners: f.owners})
	if err != nil {
		return err
	}
	defer looker.Close()
	if cmd.Flags().Changed("watch") {
		return f.follow(cmd, looker, keys)
	}
	r := looker.Look(cmd.Context(), keys)
	if cmd.Context().Err() != nil {
		return &ending{exitFail, errors.New("interrupted")}
	}
	if err := f.show(cmd.OutOrStdout(), r); err != nil {
		return &ending{exitFail, err}
	}
	switch {
	case !r.Judged():
		return &ending{exitFail, errors.New("too few nodes tell: see above")}
	case f.expect.value != "" && !r.Are(f.expect.value):
		return &ending{exitOtherwise, fmt.Errorf("not %s, as --expect says", f.expect.value)}
	}
	return nil
}

func (f *statusFlags) show(w io.Writer, r inspect.Report) error {
	if f.json {
		return json.NewEncoder(w).Encode(r)
	}
	_, err := io.WriteString(w, statusText(r, paletteFor(w)))
	return err
}

// follow looks again and again until the context ends, which is how one ends it: all is well then.
func (f *statusFlags) follow(cmd *cobra.Command, looker *inspect.Looker, keys []string) error {
	w := cmd.OutOrStdout()
	show := func(r inspect.Report) error {
		_, err := io.WriteString(w, statusLines(r))
		return err
	}
	switch {
	case f.json:
		show = func(r inspect.Report) error { return f.show(w, r) }
	case isTerminal(w):
		screen := newStatusScreen(w)
		defer screen.close()
		show = screen.draw
	}
	next := time.NewTicker(f.watch.value)
	defer next.Stop()
	for {
		r := looker.Look(cmd.Context(), keys)
		if cmd.Context().Err() != nil {
			return nil
		}
		if err := show(r); err != nil {
			return &ending{exitFail, err}
		}
		if !rest(cmd.Context(), next) {
			return nil
		}
	}
}

// rest waits for the next look, and reports whether there is one.
func rest(ctx context.Context, next *time.Ticker) bool {
	select {
	case <-ctx.Done():
		return false
	case <-next.C:
		return true
	}
}
