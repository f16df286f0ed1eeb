package examples

import (
	"bufio"
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/child"
	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// patience is how long a test waits for what has to come.
const patience = 2 * time.Minute

// stage is some nodes, and processes of one program on them, which all say what they do on one pipe: what is written there
// first has happened first.
type stage struct {
	t       *testing.T
	program string // its file
	shown   []string
	addrs   []string
	out     *os.File
	lines   chan string
	actors  map[string]*exec.Cmd
}

// newStage builds a program, and starts nodes that vote at once.
func newStage(t *testing.T, name string) *stage {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("Windows cannot interrupt a process from outside")
	}
	s := &stage{t: t, program: filepath.Join(t.TempDir(), name), shown: shown(t, name), lines: make(chan string, 10000), actors: make(map[string]*exec.Cmd)}
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", s.program, "./"+name).CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	kind := cluster.Process
	if _, err := exec.LookPath("redis-server"); err != nil {
		kind = cluster.Embedded
	}
	nodes, err := cluster.Start(t.Context(), cluster.Spec{Kind: kind, Nodes: 3})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = nodes.Close() })
	s.addrs = nodes.Addrs()
	s.free("any", redlock.Config{Fresh: true})
	in, out, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	s.out = out
	t.Cleanup(func() { _ = out.Close() })
	go func() {
		defer in.Close()
		for said := bufio.NewScanner(in); said.Scan(); {
			s.lines <- said.Text()
		}
	}()
	return s
}

// free fails unless nobody holds the key.
func (s *stage) free(key string, cfg redlock.Config) {
	s.t.Helper()
	cfg.NodeTimeout = 10 * time.Second // a busy machine is no verdict
	locker, err := redlock.Dial(s.addrs, cfg)
	if err != nil {
		s.t.Fatal(err)
	}
	defer locker.Close()
	lease, err := locker.TryLock(s.t.Context(), key)
	if err != nil {
		s.t.Fatalf("%q is not free: %v", key, err)
	}
	if err := lease.Unlock(s.t.Context()); err != nil {
		s.t.Error(err)
	}
}

// enter starts a process with the README's arguments, of which those given replace the ones of the same name.
func (s *stage) enter(name string, flags ...string) {
	s.t.Helper()
	args := append([]string(nil), s.shown...)
	for i := 0; i < len(flags); i += 2 {
		at := -1
		for j, arg := range args {
			if arg == flags[i] {
				at = j
			}
		}
		if at >= 0 {
			args[at+1] = flags[i+1]
		} else {
			args = append([]string{flags[i], flags[i+1]}, args...)
		}
	}
	var said bytes.Buffer
	cmd := exec.CommandContext(context.WithoutCancel(s.t.Context()), s.program, args...)
	child.Bind(cmd)
	cmd.Env = append(os.Environ(), "REDLOCK_ADDRS="+strings.Join(s.addrs, ","))
	cmd.Stdout, cmd.Stderr = s.out, &said
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.actors[name] = cmd
	s.t.Cleanup(func() {
		_ = child.Kill(cmd.Process)
		_ = cmd.Wait()
		if said.Len() > 0 {
			s.t.Logf("%s said on standard error:\n%s", name, &said)
		}
	})
}

// kill kills a process, which cannot take its leave.
func (s *stage) kill(name string) {
	s.t.Helper()
	if err := child.Kill(s.actors[name].Process); err != nil {
		s.t.Fatal(err)
	}
	_ = s.actors[name].Wait()
	delete(s.actors, name)
}

// interrupt has a process end, and fails unless it ends well.
func (s *stage) interrupt(name string, how os.Signal) {
	s.t.Helper()
	cmd := s.actors[name]
	delete(s.actors, name)
	if err := cmd.Process.Signal(how); err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		s.t.Errorf("%s, after %v: %v", name, how, err)
	}
}

// interruptAll has all processes end, by Ctrl-C.
func (s *stage) interruptAll() {
	s.t.Helper()
	for name := range s.actors {
		s.interrupt(name, syscall.SIGINT)
	}
}

// until gives what the processes say to see, line by line, until that is satisfied.
func (s *stage) until(what string, see func(line string) (enough bool)) {
	s.t.Helper()
	late := time.After(patience)
	for {
		select {
		case line := <-s.lines:
			if see(line) {
				return
			}
		case <-late:
			s.t.Fatalf("waited %v in vain for %s", patience, what)
		}
	}
}
