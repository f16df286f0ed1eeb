package fault

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/internal/cluster"
)

// start starts one node.
func start(t *testing.T, spec cluster.Spec) *cluster.Node {
	t.Helper()
	spec.Nodes = 1
	c, err := cluster.Start(t.Context(), spec)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c.Node(0)
}

// ask pings an address on a connection of its own, and returns how long the answer took, or why there was none.
func ask(addr string, patience time.Duration) (time.Duration, error) {
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	began := time.Now()
	if err := conn.SetDeadline(began.Add(patience)); err != nil {
		return 0, err
	}
	fmt.Fprint(conn, "*1\r\n$4\r\nPING\r\n")
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err == nil && line != "+PONG\r\n" {
		err = fmt.Errorf("answered %q", line)
	}
	return time.Since(began), err
}

// A node in memory bears all but faults of its clock, each of which can be felt when Strike returns, and not any more when the
// cure does.
func TestFaultsAreFelt(t *testing.T) {
	node := start(t, cluster.Spec{Kind: cluster.Embedded, Proxied: true})
	const delay = 60 * time.Millisecond
	for _, f := range []Fault{Kill{Memory: cluster.Keep}, Kill{Memory: cluster.Forget}, Pause{}, Cut{}, Slow{Delay: delay}, LostReplies{}, BlackHole{}} {
		if err := f.Bears(node); err != nil {
			t.Errorf("%s: %v", f, err)
			continue
		}
		cure, err := f.Strike(t.Context(), node)
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		if slices.Contains(f.Effects(), history.Away) {
			if _, err := ask(node.Addr(), 50*time.Millisecond); err == nil {
				t.Errorf("%s: the node answers", f)
			}
		} else if took, err := ask(node.Addr(), 10*time.Second); err != nil || took < delay {
			t.Errorf("%s: answered in %v, %v; want at least %v", f, took, err, delay)
		}
		if err := cure(t.Context()); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		if _, err := ask(node.Addr(), 10*time.Second); err != nil {
			t.Errorf("after %s: %v", f, err)
		}
	}
	if cure, err := (Flush{}).Strike(t.Context(), node); cure != nil || err != nil {
		t.Errorf("flush: got a cure %v, %v", cure != nil, err)
	}
	for _, f := range []Fault{Step{By: time.Second}, Rate{Times: 2}, Freeze{}} {
		if f.Bears(node) == nil {
			t.Errorf("%s: a node in memory bears it", f)
		}
	}
}

// Clocks that were set, or ran too fast, are right again after the cure; what another fault has done to them stays.
func TestClocksAreSetRight(t *testing.T) {
	_, noCompiler := exec.LookPath("cc")
	_, noRedis := exec.LookPath("redis-server")
	if runtime.GOOS != "linux" || noCompiler != nil || noRedis != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("in CI nothing may skip: this takes Linux, a C compiler and redis-server")
		}
		t.Skip("takes Linux, a C compiler and redis-server")
	}
	node := start(t, cluster.Spec{Kind: cluster.Process, Clocks: true})
	ahead := func(what string, least, most time.Duration) {
		t.Helper()
		if got := time.Until(node.Clock().Now()); got < least || got > most {
			t.Errorf("%s: the clock is ahead by %v, want %v to %v", what, got, least, most)
		}
	}
	const s, near = time.Second, 500 * time.Millisecond
	strike := func(f Fault) func() {
		t.Helper()
		if err := f.Bears(node); err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		cure, err := f.Strike(t.Context(), node)
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		return func() {
			t.Helper()
			if err := cure(t.Context()); err != nil {
				t.Errorf("%s: %v", f, err)
			}
		}
	}
	back := strike(Step{By: 90 * s})
	ahead("step", 90*s-near, 90*s)
	slower := strike(Rate{Times: 10000})
	time.Sleep(5 * time.Millisecond) // of the true time, for the other one to run
	ahead("rate", 90*s+50*s, time.Hour)
	slower()
	ahead("the rate's cure", 90*s-near, 90*s+near)
	first := time.Until(node.Clock().Now())
	time.Sleep(5 * time.Millisecond)
	if later := time.Until(node.Clock().Now()); (later - first).Abs() > near {
		t.Errorf("the clock still runs at another rate: was ahead by %v, then by %v", first, later)
	}
	back()
	ahead("the step's cure", -near, near)

	cure, err := (Rate{Times: -1}).Strike(t.Context(), node)
	if err == nil || cure == nil {
		t.Fatalf("a clock that runs back: got %v, a cure %v; want an error, and a cure", err, cure != nil)
	}
	if err := cure(t.Context()); err != nil {
		t.Error(err)
	}
	ahead("a rate that was refused", -near, near)
}
