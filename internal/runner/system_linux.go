package runner

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
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

// dieWithParent has this thread, and the program that it becomes by exec, signalled when our parent dies; 0 means not at all.
func dieWithParent(signal syscall.Signal) {
	_ = unix.Prctl(unix.PR_SET_PDEATHSIG, uintptr(signal), 0, 0, 0)
}

// onlyZombies reports whether everybody in a process group has ended, and some have not been waited for by a parent that is
// not in the group. It is false where that cannot be told.
//
// Who is started while it looks may be missed, and who has started him be dead by then: so it looks twice. Whoever was missed
// the first time is seen the second time, alive or dead, and somebody who was not there before.
func onlyZombies(group int) bool {
	first := zombies(group)
	return len(first) > 0 && slices.Equal(first, zombies(group))
}

// zombies returns the processes of a group by what /proc calls them; nothing when one of them is alive.
func zombies(group int) []string {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	var dead []string
	for _, name := range stats {
		fields := stat(name)
		if len(fields) < 3 || string(fields[2]) != strconv.Itoa(group) {
			continue
		}
		if !ended(fields) {
			return nil
		}
		dead = append(dead, name)
	}
	return dead
}

// ended reports whether nothing of a process runs. One whose first thread has ended before the others looks like a zombie, but
// for the number of its threads.
func ended(fields [][]byte) bool {
	const threads = 17
	state := fields[0][0]
	return (state == 'Z' || state == 'X') && len(fields) > threads && (string(fields[threads]) == "1" || string(fields[threads]) == "0")
}

// parentOf returns the parent of a process; 0 when there is no telling.
func parentOf(pid int) int {
	fields := stat("/proc/" + strconv.Itoa(pid) + "/stat")
	if len(fields) < 3 {
		return 0
	}
	parent, _ := strconv.Atoi(string(fields[1]))
	return parent
}

// stat returns what /proc says of a process after its name: state, ppid, pgrp, …; nothing when it has ended.
func stat(name string) [][]byte {
	text, err := os.ReadFile(name)
	if err != nil {
		return nil
	}
	return bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:]) // the name may have anything in it
}
