package bench

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"
)

// roleVariable makes this test binary something else than a test.
const roleVariable = "QUORUMLOCK_BENCH_ROLE"

// go-redis tells standard error of every connection that it cannot open.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

// A run leaves no goroutine behind.
func TestMain(m *testing.M) {
	redis.SetLogger(quiet{})
	switch os.Getenv(roleVariable) {
	case "process":
		if Work(context.Background(), os.Stdin, os.Stdout) != nil {
			os.Exit(1)
		}
		os.Exit(0)
	case "broken": // ends before it has done anything
		fmt.Fprintln(os.Stderr, "something else\nout of order")
		os.Exit(3)
	case "deaf": // says nothing, and does not end when it should
		time.Sleep(time.Hour)
	}
	goleak.VerifyTestMain(m)
}

// staff makes processes of this test binary, and knows all that it has made.
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

// gone checks that want processes were started, that all have ended, and that none was told by its command line or its
// environment what is nobody's business.
func (s *staff) gone(t *testing.T, want int, secret string) {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.cmds) != want {
		t.Errorf("got %d processes, want %d", len(s.cmds), want)
	}
	for i, cmd := range s.cmds {
		if cmd.Process != nil && cmd.ProcessState == nil {
			t.Errorf("process %d still runs", i+1)
		}
		for _, text := range append(cmd.Args, cmd.Env...) {
			if secret != "" && strings.Contains(text, secret) {
				t.Errorf("process %d was told %q", i+1, text)
			}
		}
	}
}
