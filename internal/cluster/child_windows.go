package cluster

import (
	"fmt"
	"os"
	"syscall"
)

func childAttr() *syscall.SysProcAttr { return nil }

func suspend(*os.Process) error {
	return fmt.Errorf("%w: Windows cannot stop a process from outside", ErrUnsupported)
}

func unsuspend(*os.Process) error { return nil }
