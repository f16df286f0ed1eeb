package main

import (
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quorumlock/quorumlock/internal/runner"
	"github.com/quorumlock/quorumlock/redlock"
)

// runVerb is the verb that exits as sysexits.h and the command say, and not as the others do.
const runVerb = "run"

// exitUsage is what it exits with when its command line was not understood.
const exitUsage = runner.CodeUsage

// longestWait is more than anybody waits.
const longestWait = 10 * 365 * 24 * time.Hour

// runFlags are the flags of redlock run.
type runFlags struct {
	access   accessFlags
	wait     boundedFlag
	noWait   bool
	conflict codeFlag
	skipOK   bool
	ttl      boundedFlag
	maxHold  boundedFlag
	signal   signalFlag
	grace    boundedFlag
	onLost   onLostFlag
	front    bool
	shell    string
	verbose  bool
}

func newRun() *cobra.Command {
	f := &runFlags{
		wait:     boundedFlag{most: longestWait},
		conflict: runner.CodeHeld,
		ttl:      boundedFlag{value: 10 * time.Second, least: runner.ShortestTTL, most: 24 * time.Hour},
		maxHold:  boundedFlag{least: time.Millisecond, most: longestWait},
		signal:   signalFlag(syscall.SIGTERM),
		grace:    boundedFlag{least: time.Millisecond, most: time.Hour},
	}
	cmd := &cobra.Command{
		Use:  runVerb + " KEY -- CMD [ARG...]",
		Long: runPage,
		RunE: func(cmd *cobra.Command, args []string) error {
			argv, err := f.command(cmd, args)
			if err != nil {
				return err
			}
			if err := f.refuse(cmd.Flags()); err != nil {
				return err
			}
			f.noWait = f.noWait || cmd.Flags().Changed("wait") && f.wait.value == 0
			return f.run(cmd.ErrOrStderr(), args[0], argv)
		},
	}
	cmd.Short = "Run a command while it holds a key"
	f.add(cmd.Flags())
	return cmd
}

func (f *runFlags) add(flags *pflag.FlagSet) {
	flags.VarP(&f.wait, "wait", "w", "give up when somebody else has the key for so long; by default never")
	flags.BoolVarP(&f.noWait, "no-wait", "n", false, "give up at once when somebody else has the key")
	flags.VarP(&f.conflict, "conflict-exit-code", "E", "what to exit with then, 0 to 255")
	flags.BoolVar(&f.skipOK, "skip-ok", false, "the same as -E 0: that somebody else has the key is no failure")
	flags.Var(&f.ttl, "ttl", "how long the nodes keep the key when redlock is gone, 200ms to 24h; extended as\nlong as it is not")
	flags.Var(&f.maxHold, "max-hold", "end the command before it has had the key for so long; by default never")
	flags.VarP(&f.signal, "signal", "s", "what asks the command to end when the lease cannot be kept: a name or a number")
	flags.VarP(&f.grace, "kill-after", "k", "how long it has to do so before SIGKILL, at most a third of the TTL; by default a\nquarter of it")
	flags.Var(&f.onLost, "on-lost", "what to do when the lease cannot be kept: kill (signal, then SIGKILL), signal, or\nwarn")
	flags.BoolVar(&f.front, "foreground", false, "leave the command in redlock's own process group; guard it alone, and not what it\nstarts")
	flags.StringVarP(&f.shell, "shell", "c", "", "a command line for /bin/sh, instead of CMD and its arguments")
	flags.BoolVarP(&f.verbose, "verbose", "v", false, "tell on stderr what it waits for, what each node says, and for how long the lease\nis valid")
	f.access.add(flags)
}

// command returns what is to be run.
func (f *runFlags) command(cmd *cobra.Command, args []string) ([]string, error) {
	shell := cmd.Flags().Changed("shell")
	dash := cmd.ArgsLenAtDash()
	switch {
	case len(args) == 0 || dash == 0:
		return nil, errors.New("which key? say redlock run KEY -- CMD")
	case shell && len(args) > 1:
		return nil, errors.New("both -c and a command: say one of them")
	case shell && f.shell == "":
		return nil, errors.New("-c is empty: which command?")
	case shell && runtime.GOOS == "windows":
		return []string{"cmd", "/C", f.shell}, nil
	case shell:
		return []string{"/bin/sh", "-c", f.shell}, nil
	case dash < 0 && len(args) > 1:
		return nil, fmt.Errorf("say -- before the command: redlock run %s -- %s", args[0], args[1])
	case dash > 1:
		return nil, fmt.Errorf("one key only: %q is too much before --", args[1])
	case len(args) == 1:
		return nil, errors.New("which command? say redlock run KEY -- CMD, or -c")
	}
	return args[1:], nil
}

// refuse says which flags contradict each other, or nil.
func (f *runFlags) refuse(flags *pflag.FlagSet) error {
	onLost := runner.OnLost(f.onLost)
	switch {
	case f.noWait && flags.Changed("wait"):
		return errors.New("both --no-wait and --wait: say one of them")
	case f.skipOK && flags.Changed("conflict-exit-code"):
		return errors.New("both --skip-ok and --conflict-exit-code: say one of them")
	case onLost == runner.Warn && flags.Changed("signal"):
		return errors.New("--signal with --on-lost warn: nothing is signalled then")
	case onLost != runner.Kill && flags.Changed("kill-after"):
		return fmt.Errorf("--kill-after with --on-lost %v: nothing is killed then", onLost)
	}
	return nil
}

// run runs argv under key.
func (f *runFlags) run(stderr io.Writer, key string, argv []string) error {
	plan, err := runner.NewPlan(f.ttl.value, f.grace.value)
	if err != nil {
		return err
	}
	if hold := f.maxHold.value; hold > 0 && hold <= plan.Reserve() {
		return fmt.Errorf("--max-hold %v: ending the command takes %v of it; use a longer one, or a shorter --kill-after", hold, plan.Reserve())
	}
	spec := runner.Spec{
		Key: key, Argv: argv,
		NoWait: f.noWait, Wait: f.wait.value, Conflict: int(f.conflict),
		TTL: f.ttl.value, MaxHold: f.maxHold.value, Plan: plan, OnLost: runner.OnLost(f.onLost), Signal: syscall.Signal(f.signal),
		Foreground: f.front,
		Warn:       func(line string) { fmt.Fprintf(stderr, "redlock: run: %s\n", line) },
		Tell:       func(string) {},
	}
	if f.skipOK {
		spec.Conflict = 0
	}
	if f.verbose {
		spec.Tell = spec.Warn
	}
	nodes, cfg, err := f.access.config(redlock.Config{TTL: spec.TTL, MaxHold: spec.MaxHold})
	if err != nil {
		return err
	}
	r, outcome := runner.New(spec, nodes.Names())
	if outcome == nil {
		cfg.Observer = r.Observer()
		locker, err := redlock.Dial(nodes.Addrs, cfg)
		if err != nil {
			return bare(err)
		}
		o := r.On(locker)
		outcome = &o
	}
	if *outcome == (runner.Outcome{}) {
		return nil
	}
	return &ending{outcome.Code, bare(outcome.Err)}
}

// bare returns an error without the package's name, which is also the command's.
func bare(err error) error {
	if err == nil || !strings.HasPrefix(err.Error(), "redlock: ") {
		return err
	}
	return errors.New(strings.TrimPrefix(err.Error(), "redlock: "))
}

// newWatchdog is what run starts beside the command. It is for nobody else.
func newWatchdog() *cobra.Command {
	return &cobra.Command{
		Use:    runner.WatchdogVerb,
		Hidden: true,
		Args:   cobra.NoArgs,
		Long:   "Is started by redlock run: ends its command when redlock cannot.",
		RunE: func(*cobra.Command, []string) error {
			if err := runner.Watchdog(); err != nil {
				return &ending{exitFail, err}
			}
			return nil
		},
	}
}

// codeFlag is an exit code.
type codeFlag int

func (f *codeFlag) Type() string   { return "CODE" }
func (f *codeFlag) String() string { return strconv.Itoa(int(*f)) }

func (f *codeFlag) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 0 || n > 255 {
		return errors.New("want 0 to 255")
	}
	*f = codeFlag(n)
	return nil
}

// signalFlag is a signal by name or number.
type signalFlag syscall.Signal

func (f *signalFlag) Type() string   { return "SIGNAL" }
func (f *signalFlag) String() string { return runner.SignalName(syscall.Signal(*f)) }

func (f *signalFlag) Set(s string) error {
	signal, err := runner.ParseSignal(s)
	*f = signalFlag(signal)
	return err
}

// onLostFlag is what to do with a command whose lease cannot be kept.
type onLostFlag runner.OnLost

func (f *onLostFlag) Type() string   { return "ACTION" }
func (f *onLostFlag) String() string { return runner.OnLost(*f).String() }

func (f *onLostFlag) Set(s string) error {
	i := slices.Index(runner.OnLostNames[:], s)
	if i < 0 {
		return fmt.Errorf("unknown action %q: want %s", s, strings.Join(runner.OnLostNames[:], ", "))
	}
	*f = onLostFlag(i)
	return nil
}
