package child

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
)

// Bind does nothing on Windows: a crash of this process leaves its children running.
func Bind(*exec.Cmd) {}

// Kill ends a process, and nothing that it has started.
func Kill(p *os.Process) error { return p.Kill() }

// Suspend fails.
func Suspend(*os.Process) error {
	return fmt.Errorf("%w: Windows cannot stop a process from outside", errors.ErrUnsupported)
}

// Resume does nothing.
func Resume(*os.Process) error { return nil }
