//go:build unix && !linux

package child

import (
	"os/exec"
	"syscall"
)

// Bind keeps a command that has not started yet out of the terminal's process group, so that ^C reaches us alone. Only
// Linux can also make it die with us: elsewhere a crash of this process leaves its children running.
func Bind(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
}
