package cluster

import (
	"context"
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ory/dockertest/v3/docker"
)

// eachKind runs f for every kind of node that this machine can run. In CI it must be able to run all of them.
func eachKind(t *testing.T, f func(t *testing.T, kind Kind)) {
	for _, kind := range []Kind{Embedded, Process, Docker} {
		t.Run(string(kind), func(t *testing.T) {
			needs(t, kind)
			f(t, kind)
		})
	}
}

func needs(t *testing.T, kind Kind) {
	t.Helper()
	var err error
	switch kind {
	case Docker:
		_, err = engine(t.Context())
	case Process:
		_, err = findRedis("redis-server")
	}
	if err == nil {
		return
	}
	if os.Getenv("CI") != "" {
		t.Fatalf("in CI nothing may skip: %v", err)
	}
	t.Skip(err)
}

// start starts a cluster, and when the test ends closes it and looks for what it left.
func start(t *testing.T, spec Spec) *Cluster {
	t.Helper()
	t.Setenv("TMPDIR", t.TempDir())
	spec.Logf = t.Logf
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	c, err := Start(ctx, spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
		nothingLeft(t, c.kind, c.Addrs())
	})
	return c
}

// nothingLeft checks that no container, child process, directory or listener of this test is there any more.
func nothingLeft(t *testing.T, kind Kind, addrs []string) {
	t.Helper()
	for _, addr := range addrs {
		refused(t, addr)
	}
	if dirs, _ := filepath.Glob(filepath.Join(os.TempDir(), "quorumlock-*")); len(dirs) > 0 {
		t.Errorf("directories left: %v", dirs)
	}
	switch {
	case kind == Docker:
		if left := ourContainers(t); len(left) > 0 {
			t.Errorf("containers left: %v", left)
		}
	case runtime.GOOS == "linux":
		out, _ := exec.Command("ps", "-o", "args=", "--ppid", itoa(os.Getpid())).Output()
		if strings.Contains(string(out), "redis-server") {
			t.Errorf("children left:\n%s", out)
		}
	}
}

func ourContainers(t *testing.T) (names []string) {
	t.Helper()
	pool, err := engine(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	list, err := pool.Client.ListContainers(docker.ListContainersOptions{
		All: true, Filters: map[string][]string{"label": {labelOwner + "=" + self().String()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range list {
		names = append(names, c.Names...)
	}
	return names
}

// do sends one command on a connection of its own and waits at most 200 ms for the answer.
func do(t *testing.T, addr, command string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	return ask(ctx, addr, strings.Fields(command)...)
}

func want(t *testing.T, addr, command, reply string) {
	t.Helper()
	got, err := do(t, addr, command)
	if err != nil || got != reply {
		t.Errorf("%s on %s: got %q, %v; want %q", command, addr, got, err, reply)
	}
}

func silent(t *testing.T, addr string) {
	t.Helper()
	got, err := do(t, addr, "PING")
	var netErr net.Error
	if !errors.As(err, &netErr) || !netErr.Timeout() {
		t.Errorf("PING on %s: got %q, %v; want a timeout", addr, got, err)
	}
}

func refused(t *testing.T, addr string) {
	t.Helper()
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err == nil {
		conn.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("dial %s: got %v, want refused", addr, err)
	}
}

// timed runs a step that has to succeed and logs what it took.
func timed(t *testing.T, what string, step func(context.Context) error) {
	t.Helper()
	began := time.Now()
	if err := step(t.Context()); err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	t.Logf("%-14s %v", what, time.Since(began).Round(100*time.Microsecond))
}

func startWith(n *Node, mem Memory) func(context.Context) error {
	return func(ctx context.Context) error { return n.Start(ctx, mem) }
}

// A killed node refuses; started again on the same address it has what it was told to keep, and nothing
// after it was told to forget. Its neighbours notice nothing.
func TestKilledNodeComesBackWithTheMemoryAskedFor(t *testing.T) {
	eachKind(t, func(t *testing.T, kind Kind) {
		c := start(t, Spec{Kind: kind, Nodes: 3})
		for _, n := range c.Nodes() {
			want(t, n.Addr(), "SET k v", "+OK")
		}
		n, addr := c.Node(1), c.Addrs()[1]

		timed(t, "kill", n.Kill)
		refused(t, addr)
		want(t, c.Node(0).Addr(), "GET k", "v")
		timed(t, "start keep", startWith(n, Keep))
		want(t, addr, "GET k", "v")

		timed(t, "kill", n.Kill)
		timed(t, "start forget", startWith(n, Forget))
		want(t, addr, "GET k", "$-1")
		want(t, c.Node(0).Addr(), "GET k", "v")
		if n.Addr() != addr {
			t.Errorf("got address %s after two starts, want %s", n.Addr(), addr)
		}
	})
}

// A node that persists nothing forgets, even when asked to keep.
func TestNodeWithoutPersistenceForgets(t *testing.T) {
	eachKind(t, func(t *testing.T, kind Kind) {
		c := start(t, Spec{Kind: kind, Nodes: 1, Persist: PersistNo})
		n := c.Node(0)
		want(t, n.Addr(), "SET k v", "+OK")
		if err := n.Restart(t.Context(), Keep); err != nil {
			t.Fatal(err)
		}
		want(t, n.Addr(), "GET k", "$-1")
	})
}

// A paused node accepts and stays silent; resumed it obeys what it was sent. Killed while paused it dies, and what
// was waiting is never obeyed.
func TestPausedNodeHangs(t *testing.T) {
	eachKind(t, func(t *testing.T, kind Kind) {
		c := start(t, Spec{Kind: kind, Nodes: 1})
		n := c.Node(0)
		timed(t, "pause", n.Pause)
		silent(t, n.Addr())
		if _, err := do(t, n.Addr(), "SET late v"); err == nil {
			t.Error("a paused node answered SET")
		}
		timed(t, "resume", n.Resume)
		want(t, n.Addr(), "PING", "+PONG")
		want(t, n.Addr(), "GET late", "v")

		timed(t, "pause", n.Pause)
		if _, err := do(t, n.Addr(), "SET lost v"); err == nil {
			t.Error("a paused node answered SET")
		}
		timed(t, "kill paused", n.Kill)
		refused(t, n.Addr())
		timed(t, "start", startWith(n, Keep))
		want(t, n.Addr(), "PING", "+PONG")
		want(t, n.Addr(), "GET lost", "$-1")
		want(t, n.Addr(), "GET late", "v")
	})
}

// Keys with a TTL expire in real time, also while the node is dead.
func TestKeysExpire(t *testing.T) {
	eachKind(t, func(t *testing.T, kind Kind) {
		c := start(t, Spec{Kind: kind, Nodes: 1})
		n := c.Node(0)
		want(t, n.Addr(), "SET short v PX 300", "+OK")
		want(t, n.Addr(), "SET dead v PX 300", "+OK")
		want(t, n.Addr(), "SET long v PX 60000", "+OK")
		want(t, n.Addr(), "GET short", "v")
		time.Sleep(150 * time.Millisecond)
		want(t, n.Addr(), "GET short", "v")
		if err := n.Kill(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
		if err := n.Start(t.Context(), Keep); err != nil {
			t.Fatal(err)
		}
		want(t, n.Addr(), "GET dead", "$-1")
		want(t, n.Addr(), "GET long", "v")
	})
}

// A node that was started again has another run_id and knows no scripts: it is how clients notice.
func TestRestartedNodeIsAnotherRun(t *testing.T) {
	eachKind(t, func(t *testing.T, kind Kind) {
		c := start(t, Spec{Kind: kind, Nodes: 1})
		n := c.Node(0)
		runID := func() string {
			info, err := do(t, n.Addr(), "INFO server")
			_, id, found := strings.Cut(info, "run_id:")
			if err != nil || !found {
				t.Fatalf("INFO server: got %q, %v", info, err)
			}
			return id[:40]
		}
		before := runID()
		sha, err := do(t, n.Addr(), "SCRIPT LOAD return(7)")
		if err != nil {
			t.Fatal(err)
		}
		want(t, n.Addr(), "EVALSHA "+sha+" 0", ":7")
		if err := n.Restart(t.Context(), Keep); err != nil {
			t.Fatal(err)
		}
		if after := runID(); after == before {
			t.Errorf("got run_id %s before and after a restart", before)
		}
		if got, err := do(t, n.Addr(), "EVALSHA "+sha+" 0"); !strings.HasPrefix(got, "-NOSCRIPT") {
			t.Errorf("EVALSHA after a restart: got %q, %v; want NOSCRIPT", got, err)
		}
	})
}
