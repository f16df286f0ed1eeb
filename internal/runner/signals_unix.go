//go:build unix

package runner

import (
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// private are signals that this process gets for its own sake, and does not pass on: about its children, its use of a
// terminal, a reader of its output that has gone, its own mistakes, and what Go's runtime tells its threads.
var private = []syscall.Signal{
	unix.SIGCHLD, unix.SIGTTIN, unix.SIGTTOU, unix.SIGPIPE, unix.SIGURG,
	unix.SIGILL, unix.SIGTRAP, unix.SIGBUS, unix.SIGFPE, unix.SIGSEGV, unix.SIGSYS,
	unix.SIGKILL, unix.SIGSTOP, // nobody can get those
}

// harmless are signals that end no process which does not ask for them, and so no wait either.
var harmless = []syscall.Signal{unix.SIGCONT, unix.SIGWINCH, unix.SIGTSTP, unix.SIGIO}

// ending are the signals that end a wait for the lock; forwarded those that are passed on to the command. What was ignored
// when this process began, as nohup does, stays ignored, for the command as well.
func ending() []os.Signal    { return heard(append(slices.Clone(private), harmless...)) }
func forwarded() []os.Signal { return heard(private) }

func heard(but []syscall.Signal) []os.Signal {
	most := syscall.Signal(31)
	if runtime.GOOS == "linux" {
		most = 64
	}
	var signals []os.Signal
	for s := syscall.Signal(1); s <= most; s++ {
		reserved := s == 32 || s == 33 // of Linux's C library
		if !reserved && !slices.Contains(but, s) && !signal.Ignored(s) {
			signals = append(signals, s)
		}
	}
	return signals
}

// fromKeyboard reports whether a terminal sends a signal to everybody in its foreground group: then a command in our own
// group has it already.
func fromKeyboard(s syscall.Signal) bool {
	return s == unix.SIGINT || s == unix.SIGQUIT || s == unix.SIGTSTP
}

// ParseSignal returns the signal of a name, with or without SIG, or of a number.
func ParseSignal(text string) (syscall.Signal, error) {
	if n, err := strconv.Atoi(text); err == nil && n > 0 && n <= 64 {
		return syscall.Signal(n), nil
	}
	name := strings.ToUpper(text)
	if !strings.HasPrefix(name, "SIG") {
		name = "SIG" + name
	}
	if s := unix.SignalNum(name); s != 0 {
		return s, nil
	}
	return 0, fmt.Errorf("%q is no signal: want a name such as TERM or INT, or a number", text)
}

// SignalName returns a signal's name without SIG.
func SignalName(s syscall.Signal) string {
	if name := unix.SignalName(s); name != "" {
		return strings.TrimPrefix(name, "SIG")
	}
	return strconv.Itoa(int(s))
}
