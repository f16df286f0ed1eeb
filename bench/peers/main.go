// Command peers runs the same workloads through this library, through its peers, and through hand-written clients that
// do only the bytes, on the same nodes in alternating turns, and writes docs/BENCHMARKS.md. It is a module of its own,
// so that nobody who links the library links any of that. For Linux and macOS.
//
//	go run . [-quick] [-only throughput,latency] [-nodes process:5] [-md FILE] [-svg FILE] [-json FILE]
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second ^C ends us at once; the nodes go with us
	var err error
	if len(os.Args) > 1 && os.Args[1] == childArgument {
		err = beChild(ctx, os.Stdin, os.Stdout)
	} else {
		err = command(ctx, os.Args[1:], os.Stdout, os.Stderr)
	}
	switch {
	case err == nil:
	case errors.Is(err, flag.ErrHelp):
		os.Exit(2)
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "peers: interrupted")
		os.Exit(130)
	default:
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// options are the flags.
type options struct {
	settings      Settings
	only          []string
	subjects      []Kind
	md, svg, json string
	from, lua     string
}

func command(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	run, err := o.run(ctx, stderr)
	if err == nil {
		return o.write(run, stdout)
	}
	if run != nil && len(run.Measurements) > 0 {
		// What was measured is not thrown away, and is no report either.
		err = errors.Join(err, o.writeJSON(run))
	}
	return err
}

func parse(args []string, stderr io.Writer) (options, error) {
	var names []string
	for _, w := range workloads {
		names = append(names, w.name)
	}
	f := flag.NewFlagSet("peers", flag.ContinueOnError)
	f.SetOutput(stderr)
	quickly := f.Bool("quick", false, "two rounds of tiny turns: to see that it works; no figures worth anything")
	only := f.String("only", "", "workloads, with commas between; all: "+strings.Join(names, ","))
	subjects := f.String("subjects", "", "subjects, with commas between; all by default")
	nodesFlag := f.String("nodes", "process:5", "kind and number of nodes: process:N, docker:N")
	rounds := f.Int("rounds", 0, "rounds of every workload, three times as many of latency; a report wants at least five (default 5, with -quick 2)")
	turn := f.Duration("turn", 0, "how long a turn takes (default 1.5s, with -quick 0.1s)")
	var o options
	f.StringVar(&o.md, "md", "", "write the report here; stdout if there is no file at all")
	f.StringVar(&o.svg, "svg", "", "write the plot of the throughput here")
	f.StringVar(&o.json, "json", "", "write every single measurement here")
	f.StringVar(&o.from, "from", "", "measure nothing: read a file that -json wrote")
	f.StringVar(&o.lua, "lua", "../../internal/node/lua", "the folder of the library's scripts, for the raw client")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	if f.NArg() > 0 {
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	o.settings = full
	if *quickly {
		o.settings = quick
	}
	if *rounds > 0 {
		o.settings.Rounds = *rounds
	}
	if *turn > 0 {
		o.settings.Turn = *turn
	}
	o.only = names
	if *only != "" {
		o.only = strings.Split(*only, ",")
	}
	for _, name := range o.only {
		if !slices.Contains(names, name) {
			return o, fmt.Errorf("-only: no workload %q; there are %s", name, strings.Join(names, ", "))
		}
	}
	var err error
	if o.subjects, err = parseSubjects(*subjects); err != nil {
		return o, err
	}
	o.settings.Kind, o.settings.Nodes, err = parseNodes(*nodesFlag)
	return o, err
}

func parseSubjects(s string) ([]Kind, error) {
	if s == "" {
		return kinds, nil
	}
	var names []string
	for _, name := range strings.Split(s, ",") {
		name = strings.TrimSpace(name)
		if len(kindsNamed(name)) == 0 {
			return nil, fmt.Errorf("-subjects: no subject %q", name)
		}
		names = append(names, name)
	}
	return kindsNamed(names...), nil
}

func parseNodes(s string) (cluster.Kind, int, error) {
	name, number, _ := strings.Cut(s, ":")
	kind, err := cluster.ParseKind(name)
	if err != nil {
		return kind, 0, fmt.Errorf("-nodes: %w", err)
	}
	if kind == cluster.Embedded {
		return kind, 0, errors.New("-nodes: embedded nodes are no Redis, and run in the process that is measured")
	}
	count := 5
	if number != "" {
		if count, err = strconv.Atoi(number); err != nil || count < 3 {
			return kind, 0, fmt.Errorf("-nodes: %q is no number of nodes, from 3 on", number)
		}
	}
	return kind, count, nil
}

func (o options) run(ctx context.Context, stderr io.Writer) (*Run, error) {
	if o.from != "" {
		text, err := os.ReadFile(o.from)
		if err != nil {
			return nil, err
		}
		run := new(Run)
		return run, json.Unmarshal(text, run)
	}
	grant, err := grantScript(o.lua)
	if err != nil {
		fmt.Fprintln(stderr, "peers: without the raw client that uses grants.lua:", err)
	}
	begin := time.Now()
	return conduct(ctx, o.settings, o.only, o.subjects, grant, func(format string, args ...any) {
		fmt.Fprintf(stderr, "%7.1fs  %s\n", time.Since(begin).Seconds(), fmt.Sprintf(format, args...))
	})
}

func (o options) write(run *Run, stdout io.Writer) error {
	if err := o.writeJSON(run); err != nil {
		return err
	}
	if o.svg != "" {
		picture, err := plotThroughput(run)
		if err != nil {
			return fmt.Errorf("plot: %w", err)
		}
		if err := os.WriteFile(o.svg, picture, 0o644); err != nil {
			return err
		}
	}
	text := report(run, o.svg)
	switch {
	case o.md != "":
		return os.WriteFile(o.md, []byte(text), 0o644)
	case o.json == "" && o.svg == "":
		_, err := io.WriteString(stdout, text)
		return err
	}
	return nil
}

func (o options) writeJSON(run *Run) error {
	if o.json == "" {
		return nil
	}
	text, err := json.MarshalIndent(run, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(o.json, append(text, '\n'), 0o644)
}
