package child

import (
	"os/exec"
	"syscall"
)

// Bind makes a command that has not started yet die with us, however we die, and keeps it out of the terminal's process
// group, so that ^C reaches us alone and the child stays while we take our leave. Only Linux can do the first: elsewhere
// a crash of this process leaves its children running.
//
// The kernel ties Pdeathsig to the thread that forked, not to the process. The Go runtime ends a thread only when a
// goroutine exits locked to it, and nothing here locks one.
func Bind(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
