package handbook

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

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
