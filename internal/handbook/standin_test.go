package handbook

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/redis/go-redis/v9"
)

// stand does in a page's command what the program of that name is asked for, as far as it is quick, and checks the rest.
func stand(name string, args []string) error {
	switch name {
	case "redlock":
		return standRedlock(args)
	case "make":
		return standMake(args)
	case "go":
		return standGo(args)
	}
	return errors.New("nobody stands in for it")
}

// quick are the verbs that would take long as pages show them, and what makes them quick. What they do at length, tests of
// their own look at.
var quick = map[string]func(args []string) []string{
	"bench": func(args []string) []string {
		args = append(replaced(args, "docker:5", "embedded:5", "process:5", "embedded:5", "@5s", "@150ms", "@2s+2s", "@50ms+50ms",
			"@6s+1s", "@150ms+50ms"), "--duration=1s", "--warmup=50ms")
		if !slices.Contains(args, "--rate") {
			args = append(args, "--workers=2")
		}
		return orNodes(args, "--nodes=embedded:5")
	},
	"chaos": func(args []string) []string { return append(orNodes(args, "--nodes=process:5"), "--dry-run") },
	"demo":  func(args []string) []string { return append(args, "--nodes=embedded:3", "--act=200ms", "--ttl=500ms") },
	"sim":   func(args []string) []string { return replaced(args, "60000", "200") },
}

// orNodes appends which nodes to start to args that do not say which there are.
func orNodes(args []string, nodes string) []string {
	if slices.Contains(args, "--addr") || slices.Contains(args, "--nodes") {
		return args
	}
	return append(args, nodes)
}

func replaced(args []string, pairs ...string) []string {
	var out []string
	for _, arg := range args {
		out = append(out, strings.NewReplacer(pairs...).Replace(arg))
	}
	return out
}

// codes are the exit codes by which a verb says that it did what it was asked for, where that is not 0 alone.
func codes(args []string) []int {
	switch {
	case args[0] == "sim" && slices.Contains(args, "--mutant"):
		return []int{1} // that it fails is what it is for
	case args[0] == "doctor":
		return []int{0, 1} // 1: it has found something, which standRedlock looks at
	}
	return []int{0}
}

func standRedlock(args []string) error {
	if len(args) == 0 {
		args = []string{"--help"}
	}
	want := codes(args)
	if shorten := quick[args[0]]; shorten != nil && !slices.Contains(args, "--help") {
		args = shorten(args)
	}
	if args[0] == "run" {
		if err := substitute(args); err != nil {
			return err
		}
	}
	if err := prepare(args); err != nil {
		return err
	}
	command := exec.Command(os.Getenv("HANDBOOK_REDLOCK"), args...)
	var printed bytes.Buffer
	command.Stdin, command.Stdout, command.Stderr = os.Stdin, io.MultiWriter(os.Stdout, &printed), os.Stderr
	command.Env = withoutStandIn()
	if err := command.Start(); err != nil {
		return err
	}
	if slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "--watch") }) { // for ever
		want = append(want, 130)
		stop := time.AfterFunc(700*time.Millisecond, func() { _ = command.Process.Signal(os.Interrupt) })
		defer stop.Stop()
	}
	if err := command.Wait(); command.ProcessState == nil {
		return err
	}
	code := command.ProcessState.ExitCode()
	if status, ok := command.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		code = 128 + int(status.Signal())
	}
	if args[0] == "doctor" && strings.Contains(printed.String(), "  problem  ") {
		return errors.New("doctor has found a problem")
	}
	if slices.Contains(want, code) {
		return nil
	}
	os.Exit(code)
	return nil
}

// prepare has new nodes for init, and for doctor nodes that have been declared as its arguments say that they were.
func prepare(args []string) error {
	if args[0] == "init" {
		return emptied()
	}
	at := slices.Index(args, "--deployment")
	if args[0] != "doctor" || at < 0 {
		return nil
	}
	if err := emptied(); err != nil {
		return err
	}
	out, err := exec.Command(os.Getenv("HANDBOOK_REDLOCK"), append([]string{"init"}, args[at:]...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("init: %w: %s", err, out)
	}
	return nil
}

// emptied makes new nodes of those that REDLOCK_ADDRS names: what they remembered is gone.
func emptied() error {
	for _, addr := range strings.Split(os.Getenv("REDLOCK_ADDRS"), ",") {
		c := redis.NewClient(&redis.Options{Addr: addr})
		defer c.Close()
		if err := c.FlushAll(context.Background()).Err(); err != nil {
			return err
		}
	}
	return nil
}

// substitute makes a program that does nothing of each that a page runs under a lock and that is not there.
func substitute(args []string) error {
	at := slices.Index(args, "--")
	if at < 0 || at+1 >= len(args) {
		return nil
	}
	name := args[at+1]
	if _, err := exec.LookPath(name); err == nil {
		return nil
	}
	path := name
	if !strings.Contains(name, "/") {
		path = filepath.Join(os.Getenv("PATH"), name)
	} else if filepath.IsAbs(name) {
		return fmt.Errorf("%s is not there, and no place for a page's command: write ./%s", name, filepath.Base(name))
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, []byte("#!/bin/sh\nexit 0\n"), 0o700)
}

// withoutStandIn is the environment of a program that is not this one.
func withoutStandIn() []string {
	return slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, standIn+"=") })
}
