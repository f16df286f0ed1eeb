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
	"regexp"
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
			"@6s+1s", "@150ms+50ms"), "--duration=300ms", "--warmup=50ms")
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
	if slices.ContainsFunc(args, func(arg string) bool { return strings.HasPrefix(arg, "--watch") }) { // for ever
		want = append(want, 130)
		stop := time.AfterFunc(700*time.Millisecond, func() { _ = command.Process.Signal(os.Interrupt) })
		defer stop.Stop()
	}
	err := command.Run()
	if command.ProcessState == nil {
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

// outside returns a command that is found and run as outside of the stage, in the module's directory.
func outside(name string, args ...string) *exec.Cmd {
	_ = os.Setenv("PATH", os.Getenv("HANDBOOK_PATH"))
	command := exec.Command(name, args...)
	command.Dir = os.Getenv("HANDBOOK_MODULE")
	command.Env = withoutStandIn()
	return command
}

// standMake looks whether make has the targets, and whether the command knows the flags that it would be given.
func standMake(args []string) error {
	stage := os.Getenv("PATH")
	out, err := outside("make", append([]string{"-n", "--no-print-directory"}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	for line := range strings.Lines(string(out)) {
		_, verb, ours := strings.Cut(line, " run ./cmd/redlock ")
		if !ours {
			continue
		}
		// A help page is printed once all flags have been understood; a plan, once the preset has.
		end := " --help >/dev/null"
		if strings.HasPrefix(verb, "chaos") {
			end = " >/dev/null"
		}
		command := exec.Command("/bin/sh", "-ec", "redlock "+strings.TrimSpace(verb)+end)
		command.Env = append(withoutStandIn(), "PATH="+stage)
		if out, err := command.CombinedOutput(); err != nil {
			return fmt.Errorf("%s: %w: %s", strings.TrimSpace(line), err, out)
		}
	}
	return nil
}

func standGo(args []string) error {
	switch {
	case len(args) > 1 && args[0] == "run" && args[1] == "./cmd/redlock":
		return standRedlock(args[2:])
	case len(args) > 0 && args[0] == "test":
		return standGoTest(args[1:])
	case len(args) == 2 && (args[0] == "get" || args[0] == "install"):
		path, _, _ := strings.Cut(args[1], "@")
		dir, ours := strings.CutPrefix(path, "github.com/quorumlock/quorumlock")
		if !ours {
			return fmt.Errorf("%s is not of this module", path)
		}
		_, err := os.Stat(filepath.Join(os.Getenv("HANDBOOK_MODULE"), dir))
		return err
	}
	return fmt.Errorf("nobody has tried \"go %s\"", strings.Join(args, " "))
}

// standGoTest looks whether the packages are there, whether the patterns find any test in them, and whether they have the
// flags.
func standGoTest(args []string) error {
	if err := os.Chdir(filepath.Join(os.Getenv("HANDBOOK_MODULE"), "internal", "handbook")); err != nil {
		return err
	}
	var dirs, patterns, flags []string
	for i := 0; i < len(args); i++ {
		name, value, given := strings.Cut(strings.TrimLeft(args[i], "-"), "=")
		switch {
		case strings.HasPrefix(args[i], "./"):
			dirs = append(dirs, args[i])
		case !strings.HasPrefix(args[i], "-"):
			return fmt.Errorf("%q is no package of this module and no flag", args[i])
		case name == "run" || name == "bench" || name == "fuzz":
			if !given {
				i++
				value = args[min(i, len(args)-1)]
			}
			patterns = append(patterns, value)
		case slices.Contains([]string{"v", "race", "short", "json", "args"}, name):
		default:
			if !given && i+1 < len(args) && !strings.HasPrefix(args[i+1], "-") && !strings.HasPrefix(args[i+1], "./") {
				i++
			}
			if !slices.Contains([]string{"count", "timeout", "benchtime", "fuzztime", "p", "cpu", "outputdir"}, name) {
				flags = append(flags, name)
			}
		}
	}
	if len(dirs) == 0 {
		return errors.New("it names no package")
	}
	return errors.Join(find(dirs, patterns), defined(dirs, flags))
}

// find returns an error unless the directories are there and each pattern matches the name of a test in them.
func find(dirs, patterns []string) error {
	var names []string
	for _, dir := range dirs {
		found, err := testsIn(strings.TrimSuffix(dir, "/..."))
		if err != nil {
			return err
		}
		if len(found) == 0 && !strings.HasSuffix(dir, "/...") {
			return fmt.Errorf("there is no test in %s", dir)
		}
		names = append(names, found...)
	}
	for _, pattern := range patterns {
		if pattern == "^$" {
			continue
		}
		first, _, _ := strings.Cut(pattern, "/")
		// Benchmarks are named without the word.
		expr, err := regexp.Compile(first)
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(names, expr.MatchString) {
			return fmt.Errorf("there is no test in %v that %q finds", dirs, pattern)
		}
	}
	return nil
}

// defined returns an error unless the tests in the directories have the flags.
func defined(dirs, flags []string) error {
	all, err := sources()
	if err != nil {
		return err
	}
	for _, name := range flags {
		declared := slices.ContainsFunc(all, func(file source) bool {
			in := slices.ContainsFunc(dirs, func(dir string) bool {
				return filepath.ToSlash(filepath.Clean(dir)) == filepath.ToSlash(filepath.Dir(file.path))
			})
			return in && bytes.Contains([]byte(file.text), []byte(`("`+name+`",`))
		})
		if !declared {
			return fmt.Errorf("the tests in %v have no flag -%s", dirs, name)
		}
	}
	return nil
}
