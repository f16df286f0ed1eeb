package main

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/internal/runner"
)

// stage is nodes, and a command under a lock on them.
type stage struct {
	t     *testing.T
	nodes *cluster.Cluster
	dir   string
}

// newStage starts nodes: redis-server processes if there are any.
func newStage(t *testing.T, nodes int) *stage {
	t.Helper()
	spec := cluster.Spec{Kind: cluster.Process, Nodes: nodes}
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Log("no redis-server on PATH: nodes are embedded")
		spec.Kind = cluster.Embedded
	}
	c, err := voting(spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return &stage{t: t, nodes: c, dir: t.TempDir()}
}

func (s *stage) file(name string) string { return filepath.Join(s.dir, name) }

// running is a redlock run that was started.
type running struct {
	*exec.Cmd
	t      *testing.T
	stderr *output
}

// output is what a process has written so far. Safe for concurrent use.
type output struct {
	mu   sync.Mutex
	text bytes.Buffer // guarded by mu
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String()
}

// run starts redlock run. It is killed at the test's end if it is still there.
func (s *stage) run(args ...string) *running {
	s.t.Helper()
	return s.start(nil, args...)
}

// start does the same with something more in the environment.
func (s *stage) start(env []string, args ...string) *running {
	s.t.Helper()
	r := &running{Cmd: exec.Command("redlock", append([]string{"run", "-a", strings.Join(s.nodes.Addrs(), ",")}, args...)...), t: s.t, stderr: new(output)}
	r.Dir, r.Stderr, r.Env = s.dir, r.stderr, append(os.Environ(), env...)
	// What the command leaves running must not keep Wait from its end.
	r.WaitDelay = 10 * time.Second
	if err := r.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		if r.ProcessState == nil {
			_ = r.Process.Kill()
			_ = r.Wait()
		}
	})
	return r
}

func (r *running) signal(s syscall.Signal) {
	r.t.Helper()
	if err := r.Process.Signal(s); err != nil {
		r.t.Fatal(err)
	}
}

// exits waits for its end, and checks the exit code and that every part is on stderr.
func (r *running) exits(code int, parts ...string) {
	r.t.Helper()
	bound := time.AfterFunc(time.Minute, func() { _ = r.Process.Kill() })
	defer bound.Stop()
	err := r.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		r.t.Fatal(err)
	}
	if got := r.ProcessState.ExitCode(); got != code {
		r.t.Errorf("got exit code %d, want %d; stderr:\n%s", got, code, r.stderr)
	}
	for _, part := range parts {
		if !strings.Contains(r.stderr.String(), part) {
			r.t.Errorf("got no %q on stderr:\n%s", part, r.stderr)
		}
	}
	if len(parts) == 0 && r.stderr.String() != "" {
		r.t.Errorf("got %q on stderr, want nothing", r.stderr)
	}
}

// await polls until there is what is waited for.
func await(t *testing.T, what string, there func() bool) {
	t.Helper()
	for begin := time.Now(); !there(); time.Sleep(time.Millisecond) {
		if time.Since(begin) > 30*time.Second {
			t.Fatalf("waited 30s for %s", what)
		}
	}
}

// pulse is what a beat has written: its process, and when it was alive.
type pulse struct {
	pid   int
	count int
	last  time.Time
}

func (s *stage) pulse(name string) pulse {
	s.t.Helper()
	text, err := os.ReadFile(s.file(name))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		s.t.Fatal(err)
	}
	lines := strings.Split(string(text), "\n")
	lines = lines[:len(lines)-1] // a line that is being written
	var p pulse
	for i, line := range lines {
		n, err := strconv.ParseInt(line, 10, 64)
		switch {
		case err != nil:
			s.t.Fatal(err)
		case i == 0:
			p.pid = int(n)
		default:
			p.count, p.last = i, time.Unix(0, n)
		}
	}
	return p
}

// beating waits until beats have been alive for a while.
func (s *stage) beating(names ...string) {
	s.t.Helper()
	for _, name := range names {
		await(s.t, name, func() bool { return s.pulse(name).count > 20 })
	}
}

// stop has a beat end.
func (s *stage) stop(name string) {
	s.t.Helper()
	if err := os.WriteFile(s.file(name+".stop"), nil, 0o600); err != nil {
		s.t.Fatal(err)
	}
}

// dead reports whether a process has ended, whether or not somebody has waited for it.
func dead(pid int) bool {
	stat, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return true
	}
	_, rest, _ := bytes.Cut(stat, []byte(") "))
	return len(rest) > 0 && (rest[0] == 'Z' || rest[0] == 'X')
}

// family is a command line of sh: a child and a grandchild that do not hear SIGTERM.
const family = `sh -c 'beat grandchild stubborn; true' & beat child stubborn; true`

// watchdogOf finds the watchdog of a run.
func (r *running) watchdogOf() int {
	r.t.Helper()
	pid := 0
	await(r.t, "the watchdog", func() bool {
		names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
		for _, name := range names {
			line, _ := os.ReadFile(name)
			stat, _ := os.ReadFile(filepath.Dir(name) + "/stat")
			_, rest, _ := bytes.Cut(stat, []byte(") "))
			fields := bytes.Fields(rest)
			if string(line) == "redlock\x00"+runner.WatchdogVerb+"\x00" && len(fields) > 1 && string(fields[0]) != "Z" && string(fields[1]) == strconv.Itoa(r.Process.Pid) {
				pid, _ = strconv.Atoi(filepath.Base(filepath.Dir(name)))
				return true
			}
		}
		return false
	})
	return pid
}

// Whatever becomes of redlock, its command and what that has started are dead before anybody else can have the key.
func TestCommandIsDeadBeforeSomebodyElseHasTheKey(t *testing.T) {
	for _, c := range []struct {
		name   string
		strike func(r *running)
		code   int
		says   string
	}{
		{"redlock is killed", func(r *running) { r.signal(syscall.SIGKILL) }, -1, "redlock: run: redlock has died: KILL to its command\n"},
		{"redlock is stopped", func(r *running) { r.signal(syscall.SIGSTOP) }, 76, "redlock: run: redlock does not go on, and its lease ends: KILL to its command\n"},
		{"its watchdog is killed, and then redlock is stopped", func(r *running) {
			first := r.watchdogOf()
			_ = syscall.Kill(first, syscall.SIGKILL)
			await(r.t, "another watchdog", func() bool { return r.watchdogOf() != first })
			r.signal(syscall.SIGSTOP)
		}, 76, "redlock: run: redlock does not go on, and its lease ends: KILL to its command\n"},
		{"the watchdog is stopped, and then redlock is killed: the parent's death is the child's", func(r *running) {
			_ = syscall.Kill(r.watchdogOf(), syscall.SIGSTOP)
			r.signal(syscall.SIGKILL)
		}, -1, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, 3)
			r := s.run("--ttl", "2s", "k", "-c", family)
			s.beating("child", "grandchild")
			dog, leader := 0, 0
			names := []string{"child", "grandchild"}
			if c.says == "" { // nobody is left to end more than what redlock has started itself
				dog, names = r.watchdogOf(), nil
				leader, _ = syscall.Getpgid(s.pulse("child").pid)
			}
			rival := s.rival("k")
			c.strike(r)
			s.deadBefore(rival, names...)
			if dog != 0 {
				if !dead(leader) {
					t.Error("the command is alive while somebody else has the key")
				}
				_ = syscall.Kill(dog, syscall.SIGCONT)
				await(t, "the end of the rest", func() bool { return dead(s.pulse("child").pid) && dead(s.pulse("grandchild").pid) })
				return
			}
			if c.code > 0 {
				r.signal(syscall.SIGCONT)
			}
			r.exits(c.code, c.says)
		})
	}
}

// Nothing of the command is left when redlock is killed while it starts, at whatever moment that is.
func TestNothingOutlivesAKillAtTheStart(t *testing.T) {
	t.Parallel()
	s := newStage(t, 3)
	begun := 0
	for i := range 40 {
		name := s.file("start" + strconv.Itoa(i))
		r := s.run("k"+strconv.Itoa(i), "-c", "beat "+name+" & sleep 600; true")
		time.Sleep(time.Duration(10+2*i) * time.Millisecond)
		r.signal(syscall.SIGKILL)
		_ = r.Wait()
		await(t, "the end of what was started", func() bool { return len(processes(name)) == 0 })
		if _, err := os.Stat(name); err == nil {
			begun++
		}
	}
	t.Logf("%d of 40 commands had begun", begun)
}

// processes returns those that have a word on their command lines.
func processes(word string) []string {
	var found []string
	names, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	for _, name := range names {
		if line, _ := os.ReadFile(name); bytes.Contains(line, []byte(word)) {
			found = append(found, name)
		}
	}
	return found
}
