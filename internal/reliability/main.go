// Command reliability runs the suites that show what the library's rules are worth, reads what they recorded
// (internal/record), and writes docs/RELIABILITY.md and docs/reliability.json. Run it in the folder of the module, on
// Linux or macOS.
//
//	go run ./internal/reliability [-quick] [-only simulate,fences] [-sim 5m] [-fences N] [-cycles N] [-handovers N]
//
// A suite that fails, or that has recorded nothing, ends it, and nothing is written. With -only the figures of the other
// suites stay as the JSON file has them.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second ^C ends us at once
	err := command(ctx, os.Args[1:], os.Stderr)
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case ctx.Err() != nil:
		fmt.Fprintln(os.Stderr, "reliability: interrupted; nothing was written")
		os.Exit(130)
	default:
		fmt.Fprintf(os.Stderr, "reliability: %v\nreliability: nothing was written\n", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	sizes    sizes
	quick    bool
	only     []string
	md, json string
}

func command(ctx context.Context, args []string, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	var run []suite
	for _, s := range suites(o.sizes) {
		if slices.Contains(o.only, s.name) {
			run = append(run, s)
		}
	}
	kept, err := readOutcomes(o.json)
	if err != nil {
		return fmt.Errorf("%s: %w", o.json, err)
	}
	if len(run) == len(names()) {
		kept = nil
	}
	r := newRunner(stderr)
	outcomes, err := r.all(ctx, run, o.quick)
	if err := errors.Join(err, r.close()); err != nil {
		return err
	}
	outcomes = merge(kept, outcomes)
	return write(o, outcomes)
}

func parse(args []string, stderr io.Writer) (options, error) {
	f := flag.NewFlagSet("reliability", flag.ContinueOnError)
	f.SetOutput(stderr)
	o := options{sizes: full}
	// -quick first, so that other flags win over it wherever they stand.
	for _, arg := range args {
		if arg == "-quick" || arg == "--quick" {
			o.quick, o.sizes = true, quick
		}
	}
	f.Bool("quick", o.quick, "small sizes: to see that all of it works; the page says that it is a trial")
	only := f.String("only", "", "suites, with commas between; all: "+strings.Join(names(), ","))
	f.DurationVar(&o.sizes.Sim, "sim", o.sizes.Sim, "for how long worlds are simulated")
	f.Uint64Var(&o.sizes.Seed, "seed", o.sizes.Seed, "the first seed of what is drawn")
	f.DurationVar(&o.sizes.Compare, "compare", o.sizes.Compare, "for how long the scripts' twin is compared")
	f.IntVar(&o.sizes.Worlds, "worlds", o.sizes.Worlds, "in how many worlds the driver runs")
	f.IntVar(&o.sizes.Fences, "fences", o.sizes.Fences, "acquisitions on real nodes, for the fences")
	f.IntVar(&o.sizes.Cycles, "cycles", o.sizes.Cycles, "cycles on real nodes, for what is left behind")
	f.IntVar(&o.sizes.Waits, "handovers", o.sizes.Waits, "hand-overs on real nodes, for wake-ups that are lost")
	f.DurationVar(&o.sizes.Soak, "soak", o.sizes.Soak, "for how long everything goes wrong on containers")
	f.BoolVar(&o.sizes.Whole, "whole", o.sizes.Whole, "also the models' searches that take minutes")
	f.StringVar(&o.md, "md", "docs/RELIABILITY.md", "write the page here")
	f.StringVar(&o.json, "json", "docs/reliability.json", "keep the figures here")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	if o.sizes.Sim < time.Second || o.sizes.Compare < time.Second || o.sizes.Worlds < 1 || o.sizes.Fences < 1000 || o.sizes.Cycles < 1000 || o.sizes.Waits < 1000 {
		return o, errors.New("-sim and -compare take a second at least, -worlds 1, -fences, -cycles and -handovers 1000")
	}
	o.only = names()
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	for _, name := range o.only {
		if !slices.Contains(names(), name) {
			return o, fmt.Errorf("-only: no suite %q; there are %s", name, strings.Join(names(), ", "))
		}
	}
	return o, nil
}
