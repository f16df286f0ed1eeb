package runner

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// leaderless has this program end its first thread, and live on in others for a while.
const leaderless = "QUORUMLOCK_TEST_LEADERLESS"

func init() {
	if os.Getenv(leaderless) != "" {
		go func() {
			time.Sleep(time.Minute)
			os.Exit(0)
		}()
		_, _, _ = unix.Syscall(unix.SYS_EXIT, 0, 0, 0) // of this thread: while a program begins it is the first one
	}
}

// group starts a command in a group of its own, which is killed at the end.
func group(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = unix.Kill(-cmd.Process.Pid, unix.SIGKILL)
		_ = cmd.Wait()
	})
	return cmd.Process.Pid
}

func soon(t *testing.T, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !is(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited 10 s for %s", what)
		}
	}
}

// A process is dead when all of its threads are, and not when the first one is, which then shows as a zombie.
func TestAProcessWithoutItsFirstThreadIsAlive(t *testing.T) {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), leaderless+"=1")
	pid := group(t, cmd)
	name := filepath.Join("/proc", strconv.Itoa(pid), "stat")
	soon(t, "the end of its first thread", func() bool { fields := stat(name); return len(fields) > 0 && fields[0][0] == 'Z' })
	if onlyZombies(pid) {
		t.Error("it was taken for dead")
	}
	_ = unix.Kill(pid, unix.SIGKILL)
	soon(t, "it to be dead", func() bool { return onlyZombies(pid) })
}

// A group in which everybody starts somebody else and ends is alive, although each of them is dead soon.
func TestAGroupThatMovesOnIsAlive(t *testing.T) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil { // so that the dead are not buried
		t.Skip(err)
	}
	script := filepath.Join(t.TempDir(), "next")
	if err := os.WriteFile(script, []byte("#!/bin/sh\n\"$0\" &\n"), 0o700); err != nil { // nobody else has it open
		t.Fatal(err)
	}
	pid := group(t, exec.Command("/bin/sh", script))
	defer func() {
		for {
			var status syscall.WaitStatus
			_ = unix.Kill(-pid, unix.SIGKILL)
			if got, err := syscall.Wait4(-pid, &status, 0, nil); got <= 0 && err != syscall.EINTR {
				return
			}
		}
	}()
	for end := time.Now().Add(time.Second); time.Now().Before(end); {
		if onlyZombies(pid) {
			t.Fatal("it was taken for dead")
		}
	}
}
