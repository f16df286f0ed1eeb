package chaos

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/quorumlock/quorumlock/internal/chaos/worker"
)

const ms = time.Millisecond

// roleVariable makes this test binary something else than a test.
const roleVariable = "QUORUMLOCK_CHAOS_ROLE"

// go-redis tells standard error of every connection that it cannot open.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

// The runs of all tests together leave nothing behind: no goroutine, and no file where temporary ones go.
func TestMain(m *testing.M) {
	redis.SetLogger(quiet{})
	switch os.Getenv(roleVariable) {
	case "worker":
		if err := worker.Run(os.Stdin, os.Stdout); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	case "broken": // a worker that ends before it has done anything
		fmt.Fprintln(os.Stderr, "something else\nout of order")
		os.Exit(3)
	}
	os.Exit(suite(m))
}

func suite(m *testing.M) int {
	dir, err := os.MkdirTemp("", "ql-chaos-") // short: there will be sockets in it
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	os.Setenv("TMPDIR", dir)
	code := m.Run()
	if left, _ := filepath.Glob(filepath.Join(dir, "quorumlock-*")); len(left) > 0 {
		fmt.Fprintln(os.Stderr, "left behind:", left)
		code = 1
	}
	if code == 0 {
		if err := goleak.Find(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	return code
}

// staff makes worker processes of this test binary, and knows all that it has made.
type staff struct {
	mu   sync.Mutex
	cmds []*exec.Cmd // guarded by mu
}

func (s *staff) hire(role string) func() *exec.Cmd {
	return func() *exec.Cmd {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), roleVariable+"="+role)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.cmds = append(s.cmds, cmd)
		return cmd
	}
}

// gone checks that want processes were started, and that all have ended.
func (s *staff) gone(t *testing.T, want int) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.cmds) != want {
		t.Errorf("got %d worker processes, want %d", len(s.cmds), want)
	}
	for i, cmd := range s.cmds {
		if cmd.Process != nil && cmd.ProcessState == nil {
			t.Errorf("worker %d still runs", i+1)
		}
	}
}
