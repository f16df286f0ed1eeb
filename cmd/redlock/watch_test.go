//go:build unix

package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/alicebob/miniredis/v2"

	"github.com/quorumlock/quorumlock/internal/inspect"
)

// status --watch looks again until it is interrupted, ends with 0 then, and nothing of a password is in the process list.
func TestWatchEndsWellWhenInterrupted(t *testing.T) {
	node := miniredis.RunT(t)
	node.RequireUserAuth("locks", secret)
	for _, flags := range [][]string{nil, {"--json"}} {
		cmd := exec.Command("redlock", append([]string{"status", "orders/42", "--watch=100ms"}, flags...)...)
		cmd.Env = append(os.Environ(), "REDLOCK_ADDRS="+node.Addr(), "REDLOCK_USER=locks", "REDLOCK_PASSWORD="+secret)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		stdout, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(stdout)
		for i := range 3 {
			if !lines.Scan() {
				t.Fatalf("got %d looks, want 3: %s", i, stderr.String())
			}
			if flags != nil && !json.Valid(lines.Bytes()) || !strings.Contains(lines.Text(), "orders/42") || !strings.Contains(lines.Text(), "free") {
				t.Errorf("got %q", lines.Text())
			}
		}
		shown, err := exec.Command("ps", "-o", "args=", "-p", strconv.Itoa(cmd.Process.Pid)).Output()
		if err == nil && (!bytes.Contains(shown, []byte("status")) || bytes.Contains(shown, []byte(secret))) {
			t.Errorf("got %q in the process list", shown)
		}
		if err := cmd.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
		for lines.Scan() {
		}
		if err := cmd.Wait(); err != nil || stderr.Len() > 0 {
			t.Errorf("got %v and %q on stderr, want an end with 0", err, stderr.String())
		}
	}
}

// On a terminal each look is drawn where the one before was, on a screen of its own, and the last one stays.
func TestWatchOnATerminal(t *testing.T) {
	var w bytes.Buffer
	screen := newStatusScreen(&w)
	for range 2 {
		if err := screen.draw(sampleStatus()); err != nil {
			t.Fatal(err)
		}
	}
	screen.close()
	got := w.String()
	if !strings.HasPrefix(got, "\x1b[?1049h\x1b[H") || strings.Count(got, "\x1b[H") != 2 || strings.Count(got, "\x1b[J") != 2 {
		t.Errorf("got %q, want two looks on a screen", got)
	}
	if _, after, _ := strings.Cut(got, "\x1b[?1049l"); !strings.Contains(after, `"orders/42"  free`) || strings.Contains(after, "\x1b") {
		t.Errorf("got %q after the screen, want the last look", after)
	}
}

func sampleStatus() inspect.Report {
	return inspect.Report{Need: 1, Nodes: 1, Keys: []inspect.Key{{Key: "orders/42", Verdict: inspect.IsFree,
		Nodes: []inspect.Node{{Addr: "10.0.0.1:6379", State: inspect.Free}}}}}
}
