//go:build unix

package child

import (
	"errors"
	"os"
	"syscall"
)

// Kill ends a process that was bound, and everything that it has started and that is still in its group.
func Kill(p *os.Process) error {
	err := syscall.Kill(-p.Pid, syscall.SIGKILL)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}

// Suspend stops every thread of a process, which does not notice. The error matches errors.ErrUnsupported where the system
// cannot do that.
func Suspend(p *os.Process) error { return p.Signal(syscall.SIGSTOP) }

// Resume lets it go on.
func Resume(p *os.Process) error { return p.Signal(syscall.SIGCONT) }
