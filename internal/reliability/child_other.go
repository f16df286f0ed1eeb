//go:build !unix

package main

import (
	"os/exec"
	"time"
)

// alone bounds how long we wait for a command that we have ended. The suites need Unix.
func alone(cmd *exec.Cmd) { cmd.WaitDelay = 5 * time.Second }

func finish(*exec.Cmd) {}
