//go:build unix

package main

import (
	"os"
	"os/exec"
	"syscall"
	"time"
)

// alone puts a command into a process group of its own, so that ^C reaches us alone, and has us end the whole group:
// politely first, because go test removes what it has built; processes that a test has frozen go on for that.
func alone(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error {
		group := -cmd.Process.Pid
		if err := syscall.Kill(group, syscall.SIGINT); err != nil {
			return os.ErrProcessDone
		}
		return syscall.Kill(group, syscall.SIGCONT)
	}
	cmd.WaitDelay = 5 * time.Second
}

// finish ends what is left of the group.
func finish(cmd *exec.Cmd) {
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)
	}
}
