package cluster

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ory/dockertest/v3/docker"
)

func itoa(i int) string { return strconv.Itoa(i) }

// deadOwner is the owner of a process that has just ended.
func deadOwner(t *testing.T) owner {
	t.Helper()
	cmd := exec.Command("go", "version")
	if err := cmd.Run(); err != nil {
		t.Fatal(err)
	}
	return owner{Place: self().Place, PID: cmd.Process.Pid, Born: "once"}
}

// Only an owner of this place that has certainly ended is dead.
func TestWhoIsDead(t *testing.T) {
	reborn, elsewhere := self(), deadOwner(t)
	reborn.Born = "another boot/1"
	elsewhere.Place = "another machine"
	for _, c := range []struct {
		name string
		o    owner
		dead bool
	}{
		{"myself", self(), false},
		{"a process that ended", deadOwner(t), true},
		{"an earlier process with my pid", reborn, true},
		{"a process elsewhere", elsewhere, false},
	} {
		if got := c.o.dead(); got != c.dead {
			t.Errorf("%s: got dead %v, want %v", c.name, got, c.dead)
		}
		if back, ok := parseOwner(c.o.String()); !ok || back != c.o {
			t.Errorf("%s: got %v back from %q", c.name, back, c.o)
		}
	}
}

// Clean removes the directory of a dead run and leaves those of living ones and of strangers alone.
func TestCleanRemovesDirectoriesOfTheDead(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	mine, err := OwnedDir()
	if err != nil {
		t.Fatal(err)
	}
	dead := filepath.Join(os.TempDir(), "quorumlock-dead")
	stranger := filepath.Join(os.TempDir(), "quorumlock-stranger")
	for dir, mark := range map[string]string{dead: deadOwner(t).String(), stranger: "?"} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "owner"), []byte(mark), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := cleanDirs(); n != 1 || err != nil {
		t.Errorf("got %d removed, %v; want 1", n, err)
	}
	got, _ := filepath.Glob(filepath.Join(os.TempDir(), "quorumlock-*"))
	wanted := []string{mine, stranger}
	slices.Sort(wanted)
	if !slices.Equal(got, wanted) {
		t.Errorf("left: got %v, want %v", got, wanted)
	}
}

// Clean removes the container of a dead run and leaves that of a living one alone.
func TestCleanRemovesContainersOfTheDead(t *testing.T) {
	needs(t, Docker)
	c := start(t, Spec{Kind: Docker, Nodes: 1})
	pool, err := engine(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	image, err := pickImage(t.Context(), pool, t.Logf)
	if err != nil {
		t.Fatal(err)
	}
	leftover, err := pool.Client.CreateContainer(docker.CreateContainerOptions{
		Config: &docker.Config{Image: image, Cmd: []string{"redis-server"},
			Labels: map[string]string{labelOurs: "1", labelOwner: deadOwner(t).String()}},
		HostConfig: &docker.HostConfig{},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer removeContainer(context.Background(), pool, leftover.ID)
	if n, err := Clean(t.Context()); n < 1 || err != nil {
		t.Errorf("got %d removed, %v; want at least 1", n, err)
	}
	if _, err := pool.Client.InspectContainer(leftover.ID); err == nil {
		t.Error("the container of a dead run is still there")
	}
	want(t, c.Addrs()[0], "PING", "+PONG")
}

// A run that is killed takes its processes with it, and what else it leaves is gone after the next Clean.
func TestNothingOutlivesACrash(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("only Linux ends the children of a process that is killed")
	}
	eachKind(t, func(t *testing.T, kind Kind) {
		t.Setenv("TMPDIR", t.TempDir())
		victim := exec.Command(os.Args[0])
		victim.Env = append(os.Environ(), victimVariable+"="+string(kind))
		victim.Stderr = os.Stderr
		stdout, err := victim.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := victim.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(stdout).ReadString('\n')
		addrs := strings.Fields(line)
		if err != nil || len(addrs) != 2 {
			t.Errorf("the victim said %q, %v", line, err)
		}
		victim.Process.Kill()
		victim.Wait()
		if _, err := Clean(t.Context()); err != nil {
			t.Errorf("Clean: %v", err)
		}
		for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline) && ping(t.Context(), addrs[0]) == nil; {
			time.Sleep(5 * time.Millisecond) // the kernel sends the signal when it gets to it
		}
		nothingLeft(t, kind, addrs)
	})
}

// victimVariable makes this test binary start two nodes of the kind that it names, print their addresses and wait
// to be killed.
const victimVariable = "QUORUMLOCK_TEST_VICTIM"

func beVictim(kind Kind) {
	c, err := Start(context.Background(), Spec{Kind: kind, Nodes: 2})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println(strings.Join(c.Addrs(), " "))
	time.Sleep(time.Minute)
	c.Close()
}

// A start that is cancelled in the middle leaves nothing behind.
func TestCancelledStartLeavesNothing(t *testing.T) {
	eachKind(t, func(t *testing.T, kind Kind) {
		t.Setenv("TMPDIR", t.TempDir())
		stop := errors.New("changed my mind")
		ctx, cancel := context.WithCancelCause(t.Context())
		c, err := Start(ctx, Spec{Kind: kind, Nodes: 8, Logf: func(string, ...any) {
			cancel(stop) // the first node that answers ends it for the others
		}})
		if err == nil { // all were up already
			t.Logf("no start was left to be cancelled")
			c.Close()
		} else if !errors.Is(err, stop) && !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want the cause", err)
		}
		nothingLeft(t, kind, nil)
	})
}

// A port that another program takes between picking and binding costs a retry, not the start.
func TestStolenPortIsRetried(t *testing.T) {
	eachKind(t, func(t *testing.T, kind Kind) {
		t.Setenv("TMPDIR", t.TempDir())
		spec, err := Spec{Kind: kind, Nodes: 1, Logf: t.Logf}.withDefaults(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		f, err := newFactory(t.Context(), spec)
		if err != nil {
			t.Fatal(err)
		}
		defer f.close()
		thief := start(t, Spec{Kind: Embedded, Nodes: 1}) // answers PING like a node of ours
		real := f.make
		first := true
		f.make = func(port int) (backend, error) {
			if first {
				first = false
				port = thief.Node(0).ports[0]
			}
			return real(port)
		}
		began := time.Now()
		n, err := launch(t.Context(), 0, spec, f)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("took %v", time.Since(began))
		defer n.close()
		if n.Addr() == thief.Addrs()[0] {
			t.Errorf("the node claims the thief's address %s", n.Addr())
		}
		want(t, n.Addr(), "PING", "+PONG")
	})
}
