//go:build unix

package browser

import (
	"os/exec"
	"syscall"
	"time"
)

// alone puts the browser into a process group of its own, which dies as a whole when its time is over.
func alone(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { kill(cmd); return nil }
	cmd.WaitDelay = 5 * time.Second
}

// kill ends what is left of the group.
func kill(cmd *exec.Cmd) { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
