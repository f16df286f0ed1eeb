// Package soak plays whole chaos runs on real Redis: everything at once for as long as one likes, and the same plan with
// lockers that are wrong on purpose, which the checks must find out.
package soak

import (
	"fmt"
	"os"
	"os/exec"
	"testing"

	"go.uber.org/goleak"

	"github.com/quorumlock/quorumlock/internal/chaos/worker"
)

// This test binary is also the clients' processes, when this is set.
const workerVariable = "QUORUMLOCK_SOAK_WORKER"

func TestMain(m *testing.M) {
	if os.Getenv(workerVariable) != "" {
		if err := worker.Run(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

func newWorker() *exec.Cmd {
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), workerVariable+"=1")
	return cmd
}

// needs skips the test without something; in CI nothing may skip.
func needs(t *testing.T, there bool, what string) {
	t.Helper()
	switch {
	case there:
	case os.Getenv("CI") != "":
		t.Fatalf("in CI nothing may skip: this takes %s", what)
	default:
		t.Skipf("takes %s", what)
	}
}
