package main

import (
	"context"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// killMajority kills two of three nodes, and returns a moment before that.
func (s *stage) killMajority() time.Time {
	s.t.Helper()
	before := time.Now()
	for i := range 2 {
		if err := s.nodes.Node(i).Kill(context.Background()); err != nil {
			s.t.Fatal(err)
		}
	}
	return before
}

// When a majority of the nodes dies the lease cannot be extended: the command is asked to end, and killed if it does not,
// before the lease that it had when they died is over.
func TestCommandIsDeadBeforeALeaseEndsThatCannotBeKept(t *testing.T) {
	t.Parallel()
	const ttl = 2 * time.Second
	s := newStage(t, 3)
	r := s.run("--ttl", ttl.String(), "k", "-c", family)
	s.beating("child", "grandchild")
	before := s.killMajority()
	r.exits(76, `redlock: run: the lease of "k" cannot be kept, and is over in `, ": connection refused", "): SIGTERM to the command\n",
		`redlock: run: the lease of "k" could not be kept`, "; the command ended with ")
	// The watchdog does it where redlock itself is late.
	if said := r.stderr.String(); !strings.Contains(said, "redlock: run: SIGKILL to the command, ") && !strings.Contains(said, ": KILL to its command\n") {
		t.Errorf("got no word of SIGKILL on stderr:\n%s", said)
	}
	for _, name := range []string{"child", "grandchild"} {
		p := s.pulse(name)
		if !dead(p.pid) {
			t.Errorf("%s is alive", name)
		}
		if lived := p.last.Sub(before); lived >= ttl {
			t.Errorf("%s lived for %v after the nodes died, of a TTL of %v", name, lived, ttl)
		} else {
			t.Logf("%s lived for %v after the nodes died", name, lived)
		}
	}
}

// A command that ends when it is asked to is not killed; that it exited with 0 does not count.
func TestCommandMayEndByItself(t *testing.T) {
	t.Parallel()
	s := newStage(t, 3)
	r := s.run("--ttl", "2s", "-s", "HUP", "k", "-c", `trap 'echo asked > asked; exit 0' HUP; beat child & while :; do sleep 0.01; done`)
	s.beating("child")
	s.killMajority()
	r.exits(76, "): SIGHUP to the command\n", "could not be kept", "the command ended with 0\n")
	if strings.Contains(r.stderr.String(), "SIGKILL") {
		t.Errorf("it was killed:\n%s", r.stderr)
	}
	if _, err := os.Stat(s.file("asked")); err != nil {
		t.Error(err)
	}
}

// With --on-lost signal nothing but the signal comes, once, and with --on-lost warn nothing at all: the command goes on until
// it ends, also when it has lost the key to somebody else.
func TestCommandMayOutliveItsLease(t *testing.T) {
	for action, c := range map[string]struct {
		code int
		says string
	}{
		"signal": {76, `redlock: run: the lease of "k" cannot be kept`},
		"warn":   {7, `redlock: run: the lease of "k" is lost`},
	} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			s := newStage(t, 3)
			r := s.run("--ttl", "1s", "--on-lost", action, "k", "--", "record", "signals")
			await(t, "the command", func() bool { return s.signals() != "" })
			before := s.killMajority()
			// The lease is over by then; so is all that could be done about it.
			time.Sleep(time.Until(before.Add(1500 * time.Millisecond)))
			r.signal(syscall.SIGUSR2)
			r.exits(c.code, c.says)
			want := map[string]string{"signal": "ready 15 12", "warn": "ready 12"}[action]
			if got := s.signals(); got != want {
				t.Errorf("got signals %q, want %q", got, want)
			}
		})
	}
}

// With --on-lost signal the signal comes once as well when redlock is killed, and to the whole group.
func TestASignalComesOnceWhenRedlockIsKilled(t *testing.T) {
	t.Parallel()
	s := newStage(t, 3)
	r := s.run("--on-lost", "signal", "-s", "40", "k", "--", "record", "signals") // of which none is dropped
	await(t, "the command", func() bool { return s.signals() != "" })
	pid := childOf(t, r.Process.Pid, "record")
	r.signal(syscall.SIGKILL)
	await(t, "the watchdog", func() bool { return strings.Contains(r.stderr.String(), "redlock has died: 40 to its command\n") })
	await(t, "the signal", func() bool { return s.signals() != "ready" }) // or 12 would be first
	_ = syscall.Kill(pid, syscall.SIGUSR2)
	r.exits(-1, "redlock has died")
	await(t, "the end of the command", func() bool { return dead(pid) })
	if got, want := s.signals(), "ready 40 12"; got != want {
		t.Errorf("got signals %q, want %q", got, want)
	}
}

// childOf returns a child by its name.
func childOf(t *testing.T, parent int, name string) int {
	t.Helper()
	for _, file := range processes(name + "\x00") {
		pid, _ := strconv.Atoi(strings.Split(file, "/")[2])
		_, rest, _ := strings.Cut(statOf(pid), ") ")
		if fields := strings.Fields(rest); len(fields) > 1 && fields[1] == strconv.Itoa(parent) {
			return pid
		}
	}
	t.Fatalf("%d has no child %s", parent, name)
	return 0
}

// With --on-lost warn nothing ends the command, not even redlock's end.
func TestCommandOutlivesRedlockWithWarn(t *testing.T) {
	t.Parallel()
	s := newStage(t, 3)
	r := s.run("--ttl", "1s", "--on-lost", "warn", "k", "--", "beat", "child")
	s.beating("child")
	rival := s.rival("k")
	r.signal(syscall.SIGKILL)
	won := rival.gets()
	await(t, "another beat", func() bool { return s.pulse("child").last.After(won) })
	_ = syscall.Kill(s.pulse("child").pid, syscall.SIGKILL)
	_ = r.Wait()
}

// The key is kept for no longer than --max-hold: the command is dead before that, and then the key is free.
func TestMaxHold(t *testing.T) {
	t.Parallel()
	s := newStage(t, 3)
	begin := time.Now()
	r := s.run("--ttl", "1s", "--max-hold", "1500ms", "k", "-c", family)
	s.beating("child", "grandchild")
	s.deadBefore(s.rival("k"), "child", "grandchild")
	if held := s.pulse("child").last.Sub(begin); held < time.Second {
		t.Errorf("it was ended after %v", held)
	}
	r.exits(76, "(held for ", ", of at most 1.5s): SIGTERM to the command", "SIGKILL")
}

// The key is given back when nothing is left of the command's process group, and not when the command has ended.
func TestKeyIsKeptForTheWholeGroup(t *testing.T) {
	t.Parallel()
	s := newStage(t, 3)
	r := s.run("k", "-c", `(sh -c 'beat rest; true' & true) & sleep 0.1; exit 5`)
	s.beating("rest")
	parent := s.pulse("rest").pid
	rival := s.rival("k")
	await(t, "the end of the command", func() bool { return orphaned(parent, r) })
	count := s.pulse("rest").count
	await(t, "what is left to go on", func() bool { return s.pulse("rest").count > count+200 })
	if len(rival.lease) > 0 {
		t.Error("somebody else has the key while the rest is alive")
	}
	s.stop("rest")
	s.deadBefore(rival, "rest")
	r.exits(5)
}

// The key is free when nobody of the group runs, although a parent that has left it does not bury its dead, and the TTL is short.
func TestTheDeadDoNotKeepTheKey(t *testing.T) {
	t.Parallel()
	s := newStage(t, 3)
	r := s.run("--ttl", "500ms", "k", "-c", `(true & exec setsid beat far >/dev/null 2>&1) & sleep 0.2`)
	s.beating("far")
	begin := time.Now()
	late := time.AfterFunc(5*time.Second, func() { s.stop("far") })
	defer late.Stop()
	r.exits(0)
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
	s.stop("far")
	await(t, "the end of the parent", func() bool { return dead(s.pulse("far").pid) })
}

// statOf returns what /proc knows of a process.
func statOf(pid int) string {
	stat, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	return string(stat)
}

// orphaned reports whether the leader of a process's group, which is the command, has ended and was waited for.
func orphaned(pid int, r *running) bool {
	_, rest, _ := strings.Cut(statOf(pid), ") ")
	fields := strings.Fields(rest)
	if len(fields) < 3 {
		return false
	}
	group, _ := strconv.Atoi(fields[2])
	return group != r.Process.Pid && statOf(group) == ""
}

// In the foreground the command alone is waited for.
func TestForegroundGuardsTheCommandAlone(t *testing.T) {
	t.Parallel()
	s := newStage(t, 3)
	r := s.run("--foreground", "k", "-c", `beat rest >/dev/null 2>&1 & while ! test -s rest; do sleep 0.01; done; ps -o pgid= -p $$ > group; exit 5`)
	r.exits(5)
	s.beating("rest")
	pid := s.pulse("rest").pid
	defer func() { _ = syscall.Kill(pid, syscall.SIGKILL) }()
	if dead(pid) {
		t.Error("what the command had started was ended")
	}
	group, err := os.ReadFile(s.file("group"))
	if own, _ := syscall.Getpgid(0); err != nil || strings.TrimSpace(string(group)) != strconv.Itoa(own) {
		t.Errorf("the command was in group %q, %v; want ours, %d", group, err, own)
	}
}

// A run within a run ends with it.
func TestNestedRunEndsWithTheOuterOne(t *testing.T) {
	t.Parallel()
	s := newStage(t, 3)
	r := s.run("--ttl", "2s", "outer", "--", "redlock", "run", "-a", strings.Join(s.nodes.Addrs(), ","), "--ttl", "2s", "inner", "-c", family)
	s.beating("child", "grandchild")
	rival := s.rival("outer")
	r.signal(syscall.SIGKILL)
	s.deadBefore(rival, "child", "grandchild")
	r.exits(-1, "redlock has died")
}
