package model

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

const (
	depth  = 1_000_000 // steps of one path; Spin keeps some tens of bytes for each
	memory = 6_000     // MB, of which a bounded form needs a tenth
)

// outcome is what one search came to.
type outcome struct {
	States  int
	Errors  int
	Seconds float64
	whole   bool // every path was followed to its end
}

// search translates, compiles and runs one configuration in a directory of its own.
func search(t *testing.T, c configuration, limit time.Duration) outcome {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	dir := t.TempDir()
	// Read here, so that go test knows of the file and does not answer from its cache after a change.
	source, err := os.ReadFile(c.model + ".pml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "model.pml"), source, 0o644); err != nil {
		t.Fatal(err)
	}
	optimise := "-O0" // compiling takes longer than most searches
	if c.states >= 300_000 {
		optimise = "-O2"
	}
	translate := append([]string{"-a", "-DVARIANT=" + c.name}, strings.Fields(c.defines)...)
	run(t, ctx, dir, "spin", append(translate, "model.pml")...)
	run(t, ctx, dir, "cc", optimise, "-w", "-DSAFETY", "-DCOLLAPSE", "-DVECTORSZ=512", fmt.Sprintf("-DMEMLIM=%d", memory), "-o", "pan", "pan.c")
	bound := depth
	if c.depth > 0 {
		bound = c.depth
	}
	start := time.Now()
	text := run(t, ctx, dir, "./pan", fmt.Sprintf("-m%d", bound))
	result, err := read(text)
	if err != nil {
		t.Fatalf("%v in what pan printed:\n%s", err, text)
	}
	result.Seconds = time.Since(start).Seconds()
	return result
}

// run runs a command in dir and returns what it printed.
func run(t *testing.T, ctx context.Context, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if ctx.Err() != nil {
		t.Fatalf("%s: %v", name, ctx.Err())
	}
	if err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(cmd.Args, " "), err, out)
	}
	return string(out)
}

var (
	errorsFound  = regexp.MustCompile(`errors: (\d+)`)
	statesStored = regexp.MustCompile(`(\d+) states, stored`)
)

// read understands what pan prints at the end of a search.
func read(text string) (outcome, error) {
	found, stored := errorsFound.FindStringSubmatch(text), statesStored.FindStringSubmatch(text)
	if found == nil || stored == nil {
		return outcome{}, errors.New("no number of errors or of states")
	}
	var o outcome
	var err error
	if o.Errors, err = strconv.Atoi(found[1]); err != nil {
		return outcome{}, err
	}
	if o.States, err = strconv.Atoi(stored[1]); err != nil {
		return outcome{}, err
	}
	o.whole = true
	// The search was cut: by its depth, its memory, or by anything that makes Spin say that it is not complete.
	for _, sign := range []string{"max search depth too small", "out of memory", "Search not completed", "interrupted"} {
		if strings.Contains(text, sign) {
			o.whole = false
		}
	}
	return o, nil
}

// tools skips the test when Spin or a C compiler is missing; in CI, where nothing may skip, it fails.
func tools(t *testing.T) {
	t.Helper()
	for _, tool := range []string{"spin", "cc"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") != "" {
				t.Fatalf("the models need %s: %v", tool, err)
			}
			t.Skipf("the models need %s (Debian packages spin and gcc): %v", tool, err)
		}
	}
}
