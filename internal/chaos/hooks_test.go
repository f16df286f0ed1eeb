//go:build unix

package chaos

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/alicebob/miniredis/v2/server"

	"github.com/quorumlock/quorumlock/internal/chaos/check"
	"github.com/quorumlock/quorumlock/internal/chaos/fault"
	"github.com/quorumlock/quorumlock/internal/chaos/plan"
	"github.com/quorumlock/quorumlock/internal/cluster"
)

// theirs starts nodes in memory that say that they have run for long, as nodes of a user's have: those that are new do not vote
// for as long as the longest lease could last.
func theirs(t *testing.T, count int) []string {
	t.Helper()
	var addrs []string
	for i := range count {
		node := miniredis.NewMiniRedis()
		node.ClockTTL(true)
		if err := node.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(node.Close)
		info := fmt.Sprintf("run_id:%040d\r\nrole:master\r\nuptime_in_seconds:9999\r\nevicted_keys:0\r\nmaxmemory:0\r\ncmdstat_get:calls=1\r\n", i)
		node.Server().SetPreHook(func(c *server.Peer, cmd string, _ ...string) bool {
			if cmd != "INFO" {
				return false
			}
			c.WriteBulk(info)
			return true
		})
		addrs = append(addrs, node.Addr())
	}
	return addrs
}

// killSecond has the second node killed, and started 300 ms later.
func killSecond() *plan.Scenario {
	return &plan.Scenario{Name: "kill-second", Duration: 2800 * ms, Steps: []plan.Step{
		{At: after(200 * ms), For: after(300 * ms), Fault: fault.Kill{Memory: cluster.Keep}, Nodes: onNode(2)},
	}}
}

// onTheirs plays killSecond on nodes of others, whose commands are these and may take so long.
func onTheirs(t *testing.T, hooks Hooks, bound time.Duration) (*Report, []string) {
	t.Helper()
	s, l := &staff{}, &listener{t: t}
	cfg := small(s, killSecond())
	cfg.Kind, cfg.Addrs, cfg.Hooks, cfg.bound, cfg.MaxTTL = "", theirs(t, 3), hooks, bound, cfg.TTL
	rep, err := Run(t.Context(), cfg, l.tell)
	if err != nil {
		t.Fatal(err)
	}
	s.gone(t, 2)
	l.inOrder()
	kept(t, &rep.Verdict)
	return rep, cfg.Addrs
}

// The commands that break nodes of others are called in turn, and told which node is meant.
func TestHooksAreTold(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "told")
	tell := func(what string) string {
		return fmt.Sprintf(`echo "%s $REDLOCK_NODE $REDLOCK_ADDR $REDLOCK_HOST $REDLOCK_PORT" >>'%s'`, what, file)
	}
	rep, addrs := onTheirs(t, Hooks{Kill: tell("kill"), Start: tell("start")}, time.Minute)
	healed(t, &rep.History)
	host, port, err := net.SplitHostPort(addrs[1])
	if err != nil {
		t.Fatal(err)
	}
	want := fmt.Sprintf("kill 2 %s %s %s\nstart 2 %[1]s %[2]s %[3]s\n", addrs[1], host, port)
	if got, err := os.ReadFile(file); err != nil || string(got) != want {
		t.Errorf("got %q, %v; want %q", got, err, want)
	}
	if rep.Verdict.Outcome == check.Unknown || len(rep.History.Troubles) > 0 || !strings.Contains(rep.Environment.Nodes, addrs[0]) {
		t.Errorf("got %s, %q, on %s", rep.Verdict.Outcome, rep.History.Troubles, rep.Environment.Nodes)
	}
}

// A command that fails, or takes too long, makes the verdict unknown, and is quoted. After a kill that failed the node is started
// all the same: nobody knows how far it came.
func TestHooksThatFail(t *testing.T) {
	t.Parallel()
	pid := filepath.Join(t.TempDir(), "pid")
	for name, c := range map[string]struct {
		hooks Hooks
		wants []string
	}{
		"kill": {Hooks{Kill: "echo first; echo no such host >&2; exit 7", Start: "true"},
			[]string{"your kill command for node 2: exit status 7: no such host"}},
		"start": {Hooks{Kill: "true", Start: "exit 1"},
			[]string{"your start command for node 2: exit status 1: it said nothing"}},
		"both": {Hooks{Kill: "exit 3", Start: "exit 4"},
			[]string{"your kill command for node 2: exit status 3", "it said nothing; your start command for node 2: exit status 4"}},
		"hang": {Hooks{Kill: "echo about to; sleep 600 & echo $! >'" + pid + "'; echo waiting; wait", Start: "true"},
			[]string{"your kill command for node 2: not done after 1s: waiting"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			bound := time.Minute // a busy machine needs more than a second to start a shell
			if name == "hang" {
				bound = time.Second
			}
			rep, _ := onTheirs(t, c.hooks, bound)
			troubles := strings.Join(rep.History.Troubles, "\n")
			for _, want := range c.wants {
				if !strings.Contains(troubles, want) || !strings.Contains(rep.History.Strikes[0].Error, want) {
					t.Errorf("got troubles %q and error %q, want %q", troubles, rep.History.Strikes[0].Error, want)
				}
			}
			if rep.Verdict.Outcome == check.Pass || len(rep.History.Troubles) != 1 || strings.Contains(troubles, "\n") {
				t.Errorf("got %s, %q; want no pass, and one trouble on one line", rep.Verdict.Outcome, rep.History.Troubles)
			}
			if why := strings.Join(rep.Verdict.Why, "\n"); strings.Count(why, c.wants[0]) != 1 {
				t.Errorf("the verdict says %q, want it to say %q once", why, c.wants[0])
			}
			if name == "hang" {
				ended(t, pid)
			}
		})
	}
}

// ended checks that a process which has written its id into a file is gone, or about to be.
func ended(t *testing.T, file string) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for range 400 {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) || zombie(pid) {
			return
		}
		time.Sleep(5 * ms)
	}
	t.Errorf("process %d, which a command has started, still runs", pid)
	_ = syscall.Kill(pid, syscall.SIGKILL)
}

// zombie reports whether a process has ended, and nobody has asked how.
func zombie(pid int) bool {
	out, err := exec.Command("ps", "-o", "stat=", "-p", strconv.Itoa(pid)).Output()
	return err == nil && strings.HasPrefix(strings.TrimSpace(string(out)), "Z")
}

// A command may leave a node running that holds its output open: it is not waited for, and what it writes later does not end it.
func TestAStartCommandMayLeaveTheNodeRunning(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	start := fmt.Sprintf("cd '%s'; (until test -e go; do sleep 0.01; done; echo on && mv go went) &", dir)
	node := &hooked{Hooks{Start: start}, 1, "127.0.0.1:1"}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := node.run(ctx, "start", node.hooks.Start); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 1000 {
		if _, err := os.Stat(filepath.Join(dir, "went")); err == nil {
			return
		}
		time.Sleep(5 * ms)
	}
	t.Error("what the command has left running did not live to write another line")
}

// Nobody can say whether a node that somebody else starts has forgotten anything.
func TestHookedNodesPromiseNoMemory(t *testing.T) {
	node := &hooked{}
	if err := (fault.Kill{Memory: cluster.Keep}).Bears(node); err != nil {
		t.Error(err)
	}
	if err := (fault.Kill{Memory: cluster.Forget}).Bears(node); !errors.Is(err, fault.ErrCannot) {
		t.Errorf("got %v", err)
	}
	for _, f := range []fault.Fault{fault.Pause{}, fault.Cut{}, fault.Flush{}, fault.Slow{Delay: ms}, fault.Step{By: ms}} {
		if err := f.Bears(node); !errors.Is(err, fault.ErrCannot) {
			t.Errorf("%s: got %v", f, err)
		}
	}
	if words := strings.Fields(lastLine(" a\nb c \n\n")); !slices.Equal(words, []string{"b", "c"}) {
		t.Errorf("got %q", words)
	}
}
