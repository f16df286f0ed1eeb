//go:build unix

package runner

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// terminal is the controlling terminal of this process. A nil terminal is none, and does nothing.
type terminal struct {
	file *os.File
	home int // our own process group
}

// openTerminal returns nil where there is no terminal.
func openTerminal() *terminal {
	file, err := os.OpenFile("/dev/tty", os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		return nil
	}
	return &terminal{file: file, home: unix.Getpgrp()}
}

func (t *terminal) close() {
	if t != nil {
		_ = t.file.Close()
	}
}

// foreground returns the process group that may read the terminal; 0 when there is no telling.
func (t *terminal) foreground() int {
	if t == nil {
		return 0
	}
	group, err := unix.IoctlGetInt(int(t.file.Fd()), unix.TIOCGPGRP)
	if err != nil {
		return 0
	}
	return group
}

// ours reports whether the shell has put us into the foreground.
func (t *terminal) ours() bool { return t != nil && t.foreground() == t.home }

// give puts a group into the foreground.
func (t *terminal) give(group int) {
	if t == nil {
		return
	}
	// Who does that from the background is stopped for it, unless the signal is ignored; the command is not to inherit that,
	// so that it is ignored only now.
	signal.Ignore(unix.SIGTTOU)
	_ = unix.IoctlSetPointerInt(int(t.file.Fd()), unix.TIOCSPGRP, group)
	signal.Reset(unix.SIGTTOU)
}

// back takes the foreground back from a group, if it still has it.
func (t *terminal) back(group int) {
	if t != nil && t.foreground() == group {
		t.give(t.home)
	}
}

// patience is for how long stop waits to be told that it goes on, when it goes on already.
const patience = 100 * time.Millisecond

// stop stops a process, or all of a group, as kill(2) names them, this one among them, and returns when somebody has it
// continue. Where nobody would it does nothing: what stops a group that no shell watches stops it for ever.
//
// It takes SIGSTOP, because Go cannot be talked into the default of SIGTSTP once it has listened to that.
func stop(target int) {
	if !watchedByShell() {
		return
	}
	again := make(chan os.Signal, 1)
	signal.Notify(again, unix.SIGCONT)
	defer signal.Stop(again)
	_ = unix.Kill(target, unix.SIGSTOP)
	select {
	case <-again:
	case <-time.After(patience):
	}
}

// watchedByShell reports whether one of our ancestors is in our session and in another group: it has put us into ours.
func watchedByShell() bool {
	session, err := unix.Getsid(0)
	if err != nil {
		return false
	}
	for pid := unix.Getppid(); pid > 1; pid = parentOf(pid) {
		if s, err := unix.Getsid(pid); err != nil || s != session {
			return false
		}
		if group, err := unix.Getpgid(pid); err != nil || group != unix.Getpgrp() {
			return err == nil
		}
	}
	return false
}
