package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
	"github.com/quorumlock/quorumlock/redlock/redlocktest"
)

// A tick has one run at most, however late a host comes to it, as long as its clock is less than half a tick behind. That its
// clock is behind, the host is given a tick that is later by as much.
func TestTickHasOneRunAtMost(t *testing.T) {
	if _, err := os.Stat("/bin/sh"); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatalf("in CI nothing may skip: %v", err)
		}
		t.Skip("takes a shell")
	}
	redlocktest.Bubble(t, func(t *testing.T) {
		const every = time.Minute
		cluster := redlocktest.New(t, 3)
		ran := filepath.Join(t.TempDir(), "ran")
		host := func() plan {
			return plan{locker: cluster.Locker(redlock.Config{}), key: "cron/job", every: every,
				command: []string{"/bin/sh", "-c", "echo >> " + ran}}
		}
		first, late := host(), host()
		for behind := time.Duration(0); behind < every/2; behind += every / 8 {
			for by := time.Duration(0); by < every; by += every / 16 {
				_ = os.Remove(ran)
				tick := time.Now()
				done := make(chan error)
				go func() { done <- first.run(t.Context(), tick) }()
				time.Sleep(behind + by + time.Millisecond)
				if err := late.run(t.Context(), tick.Add(behind)); err != nil {
					t.Error(err)
				}
				if err := <-done; err != nil {
					t.Error(err)
				}
				if runs, err := os.ReadFile(ran); err != nil || len(runs) != 1 {
					t.Errorf("a clock %v behind, and %v late: got %d runs, %v, want 1", behind, by, len(runs), err)
				}
			}
		}
	})
}
