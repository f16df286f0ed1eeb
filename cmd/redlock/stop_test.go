//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

// A demo that is interrupted, terminated, or whose reader has gone exits with 2, says so, and leaves no node, no
// process and no file behind.
func TestStoppedDemoLeavesNothing(t *testing.T) {
	kinds := []string{"embedded:3"}
	if _, err := exec.LookPath("redis-server"); err == nil {
		kinds = append(kinds, "process:3")
	} else {
		t.Log("no redis-server on PATH: process nodes are not tried")
	}
	for _, kind := range kinds {
		for _, c := range []struct {
			name, event, says string
			stop              func(p *os.Process, stdout io.Closer) error
		}{
			{"interrupt", "holds", "interrupted; the nodes are removed", func(p *os.Process, _ io.Closer) error { return p.Signal(os.Interrupt) }},
			{"interrupt while nodes are down", "killed", "interrupted; the nodes are removed", func(p *os.Process, _ io.Closer) error { return p.Signal(os.Interrupt) }},
			{"terminate", "holds", "interrupted; the nodes are removed", func(p *os.Process, _ io.Closer) error { return p.Signal(syscall.SIGTERM) }},
			{"reader gone", "holds", "broken pipe; the nodes are removed", func(_ *os.Process, stdout io.Closer) error { return stdout.Close() }},
		} {
			t.Run(kind+" "+c.name, func(t *testing.T) {
				t.Parallel()
				temp := t.TempDir()
				cmd := exec.Command("redlock", "demo", "--json", "--act", "500ms", "--nodes", kind)
				cmd.Env = append(os.Environ(), "TMPDIR="+temp)
				var stderr bytes.Buffer
				cmd.Stderr = &stderr
				stdout, err := cmd.StdoutPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := cmd.Start(); err != nil {
					t.Fatal(err)
				}
				addrs := readUntil(t, stdout, c.event)
				if err := c.stop(cmd.Process, stdout); err != nil {
					t.Fatal(err)
				}
				_, _ = io.Copy(io.Discard, stdout)
				var exit *exec.ExitError
				if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitUnknown {
					t.Errorf("got %v, want exit status %d", err, exitUnknown)
				}
				if got := stderr.String(); !strings.HasPrefix(got, "redlock: demo: no verdict: ") || !strings.Contains(got, c.says) || strings.Count(got, "\n") != 1 {
					t.Errorf("got %q on stderr, want one line with %q", got, c.says)
				}
				for _, addr := range addrs {
					if conn, err := net.Dial("tcp", addr); err == nil {
						conn.Close()
						t.Errorf("%s still answers", addr)
					}
				}
				if left, _ := os.ReadDir(temp); len(left) > 0 {
					t.Errorf("left in the temporary directory: %v", left)
				}
			})
		}
	}
}

// readUntil reads events until one of the given kind, and returns the addresses of the nodes.
func readUntil(t *testing.T, stdout io.Reader, event string) []string {
	t.Helper()
	var addrs []string
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		var one line
		if err := json.Unmarshal(lines.Bytes(), &one); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		if one.Event == "ready" {
			addrs = one.Nodes
		}
		if one.Event == event {
			break
		}
	}
	if len(addrs) != 3 {
		t.Fatalf("got addresses %v before %q", addrs, event)
	}
	return addrs
}

// A simulation that is interrupted prints what there is, says that it is no verdict, and exits with 2.
func TestStoppedSimulationPrintsWhatThereIs(t *testing.T) {
	cmd := exec.Command("redlock", "sim", "--seeds", "100000000", "--cores", "1")
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(stderr)
	if !lines.Scan() || !strings.Contains(lines.Text(), " runs, ") {
		t.Errorf("got %q, want how far it is", lines.Text())
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	last := ""
	for lines.Scan() {
		last = lines.Text()
	}
	var exit *exec.ExitError
	if err := cmd.Wait(); !errors.As(err, &exit) || exit.ExitCode() != exitUnknown {
		t.Errorf("got %v, want exit status %d", err, exitUnknown)
	}
	if !strings.HasPrefix(last, "redlock: sim: no verdict: interrupted after ") {
		t.Errorf("got %q last on stderr", last)
	}
	if got := stdout.String(); !strings.HasPrefix(got, "runs ") || !strings.Contains(got, "\nviolations     0\n") || strings.Contains(got, "pass") {
		t.Errorf("got on stdout:\n%s", got)
	}
}
