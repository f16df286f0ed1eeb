//go:build unix && !linux

package cluster

import "syscall"

// childAttr keeps a child out of the terminal's process group, so that ^C reaches us alone. Only Linux can
// make it die with us: elsewhere a crash of this process leaves its nodes running.
func childAttr() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
