//go:build unix && !linux

package runner

import (
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// What Linux has and others do not.

// suspendAware goes on during sleep on macOS, unlike Linux's clock of this name.
const suspendAware = unix.CLOCK_MONOTONIC

func self() (string, error) { return os.Executable() }

// adopt does nothing: orphans of the command are found by asking for them.
func adopt() {}

// bury does nothing: the watchdog is alone.
func bury(*syscall.SysProcAttr, syscall.Signal) {}

func dieWithParent(syscall.Signal) {}

func onlyZombies(int) bool { return false }

func parentOf(int) int { return 0 }
