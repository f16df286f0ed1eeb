//go:build unix

package child

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// start starts a bound shell that runs a script, and returns its standard input and what reads its standard output.
func start(t *testing.T, script string) (cmd *exec.Cmd, in io.Writer, out *bufio.Reader) {
	t.Helper()
	cmd = exec.Command("sh", "-c", script)
	Bind(cmd)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = Kill(cmd.Process)
		_ = cmd.Wait()
	})
	return cmd, in, bufio.NewReader(pipe)
}

// A bound child leads a process group of its own, which the terminal's ^C does not reach.
func TestABoundChildLeavesTheKeyboardToItsParent(t *testing.T) {
	cmd, _, _ := start(t, "read line")
	if group, err := syscall.Getpgid(cmd.Process.Pid); err != nil || group != cmd.Process.Pid {
		t.Errorf("got group %d, %v; want %d", group, err, cmd.Process.Pid)
	}
}

// Kill ends a child and what it has started, so that nobody has its output open any more. To end it
// again is no failure.
func TestKillEndsAllThatAChildHasStarted(t *testing.T) {
	cmd, _, out := start(t, "sleep 600 & sleep 600 & echo ready; wait")
	if line, err := out.ReadString('\n'); err != nil || line != "ready\n" {
		t.Fatalf("got %q, %v", line, err)
	}
	if err := Kill(cmd.Process); err != nil {
		t.Fatal(err)
	}
	if rest, err := io.ReadAll(out); err != nil || len(rest) > 0 { // to the end, which comes when the last of them is gone
		t.Errorf("got %q, %v", rest, err)
	}
	_ = cmd.Wait()
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); !ok || status.Signal() != syscall.SIGKILL {
		t.Errorf("ended by %v, want it killed", cmd.ProcessState)
	}
	// An init that is slow to bury them keeps the group for a while.
	if err := Kill(cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("again: got %v, want nothing, or %v", err, os.ErrProcessDone)
	}
}

// A child that is suspended stops, and goes on where it was when it is resumed.
func TestSuspendAndResume(t *testing.T) {
	cmd, in, out := start(t, `while read line; do echo "$line"; done`)
	if err := Suspend(cmd.Process); err != nil {
		t.Fatal(err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(cmd.Process.Pid, &status, syscall.WUNTRACED, nil); err != nil || !status.Stopped() {
		t.Errorf("got status %#x, %v; want it stopped", status, err)
	}
	fmt.Fprintln(in, "meanwhile")
	if err := Resume(cmd.Process); err != nil {
		t.Fatal(err)
	}
	if line, err := out.ReadString('\n'); err != nil || line != "meanwhile\n" {
		t.Errorf("got %q, %v", line, err)
	}
}
