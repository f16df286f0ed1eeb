package main

import (
	"context"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/redlock"
)

// signals is what record has written, in one line.
func (s *stage) signals() string {
	text, _ := os.ReadFile(s.file("signals"))
	return strings.Join(strings.Fields(string(text)), " ")
}

// Every signal that redlock gets while the command runs goes on to the command, which exits as it likes.
func TestSignalsArePassedOn(t *testing.T) {
	t.Parallel()
	s := newStage(t, 3)
	r := s.run("k", "--", "record", "signals")
	want := "ready"
	await(t, "the command", func() bool { return s.signals() == want })
	for _, signal := range []syscall.Signal{
		syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGALRM, syscall.SIGWINCH, syscall.SIGCONT,
		syscall.SIGTSTP, syscall.SIGINT, syscall.SIGTERM, 40, syscall.SIGUSR2,
	} {
		r.signal(signal)
		want += " " + strconv.Itoa(int(signal))
		await(t, "signal "+strconv.Itoa(int(signal)), func() bool { return s.signals() == want })
	}
	r.exits(7)
}

// A signal that ends the command is its exit code; the whole group gets it.
func TestSignalThatEndsTheCommand(t *testing.T) {
	t.Parallel()
	s := newStage(t, 3)
	r := s.run("k", "-c", "beat grandchild & beat child; true")
	s.beating("child", "grandchild")
	r.signal(syscall.SIGTERM)
	r.exits(128 + 15)
	for _, name := range []string{"child", "grandchild"} {
		if !dead(s.pulse(name).pid) {
			t.Errorf("%s is alive", name)
		}
	}
}

// A signal ends the wait for a key with its code, and nothing of the wait is left on the nodes.
func TestSignalEndsTheWait(t *testing.T) {
	t.Parallel()
	s := newStage(t, 3)
	holder, err := redlock.Dial(s.nodes.Addrs(), redlock.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	lease, err := holder.Lock(context.Background(), "k")
	if err != nil {
		t.Fatal(err)
	}
	for _, signal := range []syscall.Signal{syscall.SIGHUP, syscall.SIGINT, syscall.SIGQUIT, syscall.SIGTERM, syscall.SIGUSR1, syscall.SIGUSR2} {
		r := s.run("k", "--", "beat", "never")
		// It waits when it is in the line of a majority.
		await(t, "the waiter", func() bool { return len(s.left("quorumlock:line:{k}")) >= 2 })
		r.signal(syscall.SIGWINCH) // which ends nothing
		r.signal(syscall.SIGCONT)
		r.signal(signal)
		r.exits(128+int(signal), "stopped by SIG", " before the command began\n")
		if left := s.left("quorumlock:line:{k}"); len(left) > 0 {
			t.Errorf("%v: left on nodes %v: its place in the line", signal, left)
		}
	}
	if err := lease.Unlock(context.Background()); err != nil {
		t.Fatal(err)
	}
	if left := s.left("k"); len(left) > 0 {
		t.Errorf("left on nodes %v: the key", left)
	}
	if _, err := os.Stat(s.file("never")); err == nil {
		t.Error("the command was run")
	}
}

// left returns the nodes that have a key.
func (s *stage) left(key string) []int {
	s.t.Helper()
	var has []int
	for i, addr := range s.nodes.Addrs() {
		client := redis.NewClient(&redis.Options{Addr: addr})
		n, err := client.Exists(context.Background(), key).Result()
		_ = client.Close()
		if err != nil {
			s.t.Fatal(err)
		}
		if n > 0 {
			has = append(has, i)
		}
	}
	return has
}

// What is ignored when redlock begins is ignored by the command as well, and not passed on.
func TestIgnoredSignalsAreNotPassedOn(t *testing.T) {
	t.Parallel()
	s := newStage(t, 3)
	r := s.run("k", "-c", `trap "" HUP INT; exec redlock run -a `+strings.Join(s.nodes.Addrs(), ",")+` l -- sh -c 'beat child; exit 3'`)
	s.beating("child")
	for range 2 {
		r.signal(syscall.SIGHUP)
		r.signal(syscall.SIGINT)
	}
	count := s.pulse("child").count
	await(t, "more beats", func() bool { return s.pulse("child").count > count+100 })
	s.stop("child")
	r.exits(3)
}

// The watchdog has nothing of the environment, where passwords are, and nothing of redlock's command line.
func TestWatchdogShowsNothing(t *testing.T) {
	t.Parallel()
	s := newStage(t, 3)
	r := s.run("k", "--", "beat", "child")
	s.beating("child")
	dog := "/proc/" + strconv.Itoa(r.watchdogOf())
	env, err := os.ReadFile(dog + "/environ")
	if err != nil || len(env) > 0 {
		t.Errorf("its environment is %q, %v", env, err)
	}
	line, err := os.ReadFile(dog + "/cmdline")
	if words := strings.Split(string(line), "\x00"); err != nil || !slices.Equal(words, []string{"redlock", "run-watchdog", ""}) {
		t.Errorf("its command line is %q, %v", line, err)
	}
	r.signal(syscall.SIGTERM)
	r.exits(128 + 15)
}

// A password in the environment or in a file is in no command line, also while redlock waits; one that is wrong is an error
// without it.
func TestPasswordsAreInNoCommandLine(t *testing.T) {
	t.Parallel()
	s := newStage(t, 3)
	const secret = "hunter2-hunter2"
	if err := os.WriteFile(s.file("password"), []byte(secret+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	s.killMajority() // so that it waits
	for _, c := range []struct{ env, args []string }{
		{[]string{"REDLOCK_PASSWORD=" + secret}, nil},
		{nil, []string{"--password-file", s.file("password")}},
	} {
		r := s.start(c.env, append(c.args, "-v", "k", "--", "true")...)
		await(t, "redlock", func() bool { return strings.Contains(r.stderr.String(), "connection refused") })
		line, err := os.ReadFile("/proc/" + strconv.Itoa(r.Process.Pid) + "/cmdline")
		if err != nil || strings.Contains(string(line), secret) || !strings.HasPrefix(string(line), "redlock\x00run\x00") {
			t.Errorf("its command line is %q, %v", line, err)
		}
		r.signal(syscall.SIGUSR1)
		r.exits(128+int(syscall.SIGUSR1), "stopped by SIGUSR1 before the command began\n")
		if strings.Contains(r.stderr.String(), secret) {
			t.Errorf("it tells the password:\n%s", r.stderr)
		}
	}
}
