// Command redlock shows, measures and tests what package redlock promises. See redlock --help.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/redis/go-redis/v9"
	"github.com/spf13/cobra"

	"github.com/quorumlock/quorumlock/internal/runner"
)

// What the command exits with.
const (
	exitPass    = 0
	exitFail    = 1
	exitUnknown = 2
)

func main() { os.Exit(run()) }

func run() int {
	if len(os.Args) > 1 && os.Args[1] == runner.ExecVerb { // before signals are listened to: they are its command's
		return runner.Exec(os.Args[2:])
	}
	redis.SetLogger(silence{})
	stopping := []os.Signal{syscall.SIGTERM}
	if !signal.Ignored(os.Interrupt) { // as it is for what a script has started with &
		stopping = append(stopping, os.Interrupt)
	}
	ctx, stop := signal.NotifyContext(context.Background(), stopping...)
	defer stop()
	// The first signal ends ctx, and everything is cleaned up; the second one ends the process.
	context.AfterFunc(ctx, stop)
	// Without this a reader that goes away, as in redlock demo | head, would end the process at its next line, and
	// leave the nodes running. So writing fails instead.
	signal.Notify(make(chan os.Signal, 1), syscall.SIGPIPE)
	return execute(ctx, os.Args[1:], os.Stdout, os.Stderr)
}

// execute runs one command line and returns what to exit with.
func execute(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	cmd, err := root.ExecuteContextC(ctx)
	var end *ending
	switch {
	case err == nil:
		return exitPass
	case !errors.As(err, &end): // from cobra: it did not understand
		fmt.Fprintf(stderr, "redlock: %v\nredlock: see %s --help\n", err, cmd.CommandPath())
		return misunderstood(cmd)
	}
	if end.err != nil {
		fmt.Fprintf(stderr, "redlock: %s: %v\n", cmd.Name(), end.err)
	}
	return end.code
}

// misunderstood is what a verb exits with when its command line was not understood.
func misunderstood(cmd *cobra.Command) int {
	if cmd.Name() == runVerb { // 2 may be its command's
		return exitUsage
	}
	return exitUnknown
}

// ending is how a verb that was understood ends when it does not pass.
type ending struct {
	code int
	err  error // for stderr; nil when stdout has said it all
}

func (e *ending) Error() string { return fmt.Sprintf("exit %d: %v", e.code, e.err) }

func (e *ending) Unwrap() error { return e.err }

// silence keeps go-redis from writing to stderr: what matters of it comes back as errors.
type silence struct{}

func (silence) Printf(context.Context, string, ...any) {}
