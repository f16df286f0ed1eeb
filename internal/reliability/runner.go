package main

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
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/internal/record"
)

// runner runs suites, one after the other, and tells how far it is. For one goroutine.
type runner struct {
	out   io.Writer
	began time.Time
	dir   string // in which the suites leave their temporary files, which go when we go
}

func newRunner(out io.Writer) *runner { return &runner{out: out, began: time.Now()} }

func (r *runner) logf(format string, args ...any) {
	fmt.Fprintf(r.out, "%7.1fs  %s\n", time.Since(r.began).Seconds(), fmt.Sprintf(format, args...))
}

// close removes what the suites have left, which is something only when they were interrupted.
func (r *runner) close() error {
	if r.dir == "" {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, err := cluster.Clean(ctx)
	for range 10 { // a process that was ended just now may still be writing
		if os.RemoveAll(r.dir) == nil {
			return err
		}
		time.Sleep(100 * time.Millisecond)
	}
	return errors.Join(err, os.RemoveAll(r.dir))
}

// all runs the suites, after it has looked whether all of them can run.
func (r *runner) all(ctx context.Context, suites []suite, trial bool) ([]Outcome, error) {
	machine, err := thisMachine(ctx, r.logf)
	if err != nil {
		return nil, err
	}
	r.logf("%v", machine)
	if r.dir, err = os.MkdirTemp("", "reliability-"); err != nil {
		return nil, err
	}
	if err := r.exist(ctx, suites); err != nil {
		return nil, err
	}
	var outcomes []Outcome
	for i, s := range suites {
		o, err := r.one(ctx, s, fmt.Sprintf("%d of %d, %s", i+1, len(suites), s.name))
		if err != nil {
			return nil, fmt.Errorf("suite %s: %w", s.name, err)
		}
		o.Trial, o.Machine = trial, machine
		outcomes = append(outcomes, o)
	}
	return outcomes, nil
}

// exist looks whether the suites build, and have all of their tests and tools: before the first one runs, and not after an
// hour. It is no part of a suite's time.
func (r *runner) exist(ctx context.Context, suites []suite) error {
	there := map[string][]string{} // tests, by package
	for _, s := range suites {
		for _, tool := range s.tools {
			if _, err := exec.LookPath(tool); err != nil {
				return fmt.Errorf("suite %s: %w", s.name, err)
			}
		}
		if there[s.pkg] == nil {
			r.logf("builds %s", s.pkg)
			text, err := r.run(ctx, []string{"test", "-list", "^Test", s.pkg}, nil)
			if err != nil {
				return fmt.Errorf("suite %s: %w\n%s", s.name, err, end(text))
			}
			there[s.pkg] = strings.Split(text, "\n")
		}
		for _, test := range s.tests {
			if !slices.Contains(there[s.pkg], test) {
				return fmt.Errorf("suite %s: no test %s in %s", s.name, test, s.pkg)
			}
		}
	}
	return nil
}

// one runs a suite, and reads what it has recorded.
func (r *runner) one(ctx context.Context, s suite, label string) (Outcome, error) {
	o := Outcome{Suite: s.name, Command: s.command(), Began: time.Now().UTC().Truncate(time.Second)}
	r.logf("%s: %s", label, o.Command)
	began, told := time.Now(), make(chan struct{})
	ended := make(chan struct{})
	go func() {
		defer close(told)
		for every := time.NewTicker(20 * time.Second); ; {
			select {
			case <-every.C:
				r.logf("%s: for %v", label, time.Since(began).Round(time.Second))
			case <-ended:
				every.Stop()
				return
			}
		}
	}()
	records := filepath.Join(r.dir, s.name+".records")
	text, err := r.run(ctx, s.args(), append(slices.Clone(s.env), record.Variable+"="+records))
	close(ended)
	<-told
	if ctx.Err() != nil {
		return o, ctx.Err()
	}
	if err != nil {
		return o, fmt.Errorf("%w\n%s", err, end(text))
	}
	o.Took = time.Since(began)
	if o.Records, err = record.Read(records); err != nil {
		return o, err
	}
	if err := s.judge(o); err != nil {
		return o, err
	}
	r.logf("%s: %v; %s; %s", label, o.Took.Round(time.Second), s.much(o.total()), s.found(o.total()))
	return o, nil
}

// run runs go with args, and returns what it printed. CI is set: a test that cannot run must fail, and not skip.
func (r *runner) run(ctx context.Context, args, env []string) (string, error) {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Env = append(os.Environ(), append([]string{"CI=true", "TMPDIR=" + r.dir}, env...)...)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	alone(cmd)
	defer finish(cmd)
	err := cmd.Run()
	return out.String(), err
}

// end is the last of a text, enough to see what went wrong.
func end(text string) string {
	lines := strings.Split(strings.TrimSpace(text), "\n")
	return strings.Join(lines[max(0, len(lines)-60):], "\n")
}
