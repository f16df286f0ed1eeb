//go:build !unix

package browser

import (
	"os/exec"
	"time"
)

// alone bounds how long we wait for a browser that we have ended.
func alone(cmd *exec.Cmd) { cmd.WaitDelay = 5 * time.Second }

func kill(cmd *exec.Cmd) { _ = cmd.Process.Kill() }
