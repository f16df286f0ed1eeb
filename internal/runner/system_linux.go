package runner

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// What only Linux can do.

const suspendAware = unix.CLOCK_BOOTTIME

// self is this program, also after its file was replaced.
func self() (string, error) { return "/proc/self/exe", nil }

// adopt makes this process the parent of all its descendants that lose theirs, so that it is told when they end.
func adopt() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) }

// bury has the command signalled when we die, however that happens. The kernel ties that to the thread that started it.
func bury(attr *syscall.SysProcAttr, signal syscall.Signal) { attr.Pdeathsig = signal }

// onlyZombies reports whether everybody in a process group has ended, and some have not been waited for by a parent that is
// not in the group. It is false where that cannot be told.
func onlyZombies(group int) bool {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return false
	}
	found := false
	for _, name := range stats {
		text, err := os.ReadFile(name)
		if err != nil {
			continue // it has ended meanwhile
		}
		// pid (name) state ppid pgrp …, and the name may have anything in it.
		fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
		if len(fields) < 3 || string(fields[2]) != strconv.Itoa(group) {
			continue
		}
		if state := fields[0][0]; state != 'Z' && state != 'X' {
			return false
		}
		found = true
	}
	return found
}
