//go:build !linux

package cluster

import (
	"errors"
	"os"
	"runtime"
	"syscall"
)

func pidNamespace() string { return "" }

// running asks the system without touching the process. On Windows finding it is the question already.
func running(pid int) bool {
	p, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer p.Release()
	if runtime.GOOS == "windows" {
		return true
	}
	err = p.Signal(syscall.Signal(0))
	return err == nil || errors.Is(err, os.ErrPermission)
}

// born is unknown here: a pid that is used again counts as its old owner, and leftovers stay a while longer.
func born(int) string { return "" }
