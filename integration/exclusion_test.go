package integration

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/internal/record"
	"github.com/quorumlock/quorumlock/redlock"
)

// Two processes share a key for ten thousand cycles while one minority after the other is killed and comes back with
// its memory: never two holders at a time, no cycle lost, every fence larger than the one before.
func TestTwoProcessesExcludeEachOther(t *testing.T) {
	t.Parallel()
	n := start(t, cluster.Spec{})
	job := task{
		Addrs: n.Addrs(), Key: "key", Dir: t.TempDir(), Cycles: 10_000,
		TTL: 2 * time.Second,
	}
	if testing.Short() {
		job.Cycles = 1000
	}
	began := time.Now()
	var outputs [2]strings.Builder
	ended := make(chan error, len(outputs))
	for i := range outputs {
		cmd := worker(t, "cycles", job)
		cmd.Stdout = &outputs[i]
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		go func() { ended <- cmd.Wait() }()
	}
	running, kills := len(outputs), 0
	for i := 0; running > 0; i++ {
		dead := []int{i % 5, (i + 2) % 5}[:1+i%2]
		n.kill(t, dead...)
		kills += len(dead)
		time.Sleep(200 * time.Millisecond)
		n.revive(t, cluster.Keep, dead...)
		select {
		case err := <-ended:
			running--
			if err != nil {
				t.Errorf("worker: %v", err)
			}
		case <-time.After(2 * time.Second): // by then they take part again, and others may die
		}
	}
	took := time.Since(began)
	var count, fence uint64
	if text, err := os.ReadFile(job.Dir + "/count"); err != nil {
		t.Fatal(err)
	} else if _, err := fmt.Sscan(string(text), &count, &fence); err != nil {
		t.Fatal(err)
	}
	first, second := number(t, outputs[0].String()), number(t, outputs[1].String())
	if first+second != count || count != job.Cycles {
		t.Errorf("the workers did %d and %d cycles, and %d are counted: want %d", first, second, count, job.Cycles)
	}
	if first == 0 || second == 0 || kills == 0 {
		t.Errorf("nothing was proved: %d and %d cycles, %d kills", first, second, kills)
	}
	t.Logf("%d cycles (%d and %d) through %d kills in %v, %.0f cycles/s", count, first, second, kills, took, float64(count)/took.Seconds())
	record.Add(t, record.Figures{
		"cycles": float64(count), "cycles_of_one": float64(first), "cycles_of_the_other": float64(second),
		"fault_node_killed_and_back_with_its_memory": float64(kills), "two_holders": 0, "cycles_lost": float64(count - first - second),
	}, "")
}

// A holder that is frozen until its lease is over knows that it has lost it as soon as it looks, and its fence is
// smaller than that of whoever got the key meanwhile.
func TestFrozenHolderKnowsThatItHasLost(t *testing.T) {
	t.Parallel()
	n := start(t, cluster.Spec{Nodes: 3})
	cfg := redlock.Config{TTL: time.Second, MaxTTL: time.Second}
	l := dial(t, n.Addrs(), cfg)
	cmd := worker(t, "holder", task{Addrs: n.Addrs(), Key: "key", TTL: cfg.TTL})
	say, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	heard, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	var fence uint64
	var first, second string
	if _, err := fmt.Fscan(heard, &fence); err != nil {
		t.Fatal(err)
	}
	look := func() {
		if _, err := fmt.Fprintln(say, "look"); err != nil {
			t.Fatal(err)
		}
	}
	look()
	if _, err := fmt.Fscan(heard, &first); err != nil || first != "held" {
		t.Errorf("before: got %q, %v, want held", first, err)
	}

	freeze(t, cmd)
	lease := lock(t, l, "key")
	look() // so that it looks before it does anything else
	thaw(t, cmd)
	if _, err := fmt.Fscan(heard, &second); err != nil || second != "lost" {
		t.Errorf("after: got %q, %v, want lost", second, err)
	}
	if lease.Fence() <= fence {
		t.Errorf("got fence %d after the frozen holder's %d", lease.Fence(), fence)
	}
	held(t, lease, l)
	if err := say.Close(); err != nil {
		t.Error(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	held(t, lease, l) // the other's end has not touched it
	unlock(t, lease)
	n.nothingLeft(t)
}
