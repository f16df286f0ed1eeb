package cluster

import "syscall"

// childAttr makes a child die with us, however we die, and keeps it out of the terminal's process group, so that
// ^C reaches us alone and the nodes stay up while we take our leave.
//
// The kernel ties Pdeathsig to the thread that forked, not to the process. The Go runtime ends a thread only when a
// goroutine exits locked to it, and nothing here locks one.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
