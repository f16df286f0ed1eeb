package integration

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/internal/record"
	"github.com/quorumlock/quorumlock/redlock"
)

// R5: fences of a key only rise, while nodes are killed and come back with and without their memory, and hang, and while
// a holder is frozen for longer than its lease. Several lockers take turns on every key, as processes would; some begin
// while a node is dead whose clock is ahead of the others, so that they propose smaller fences than others have got.
// Without faults nearly every acquisition takes one round trip.
func TestFencesRiseThroughFaults(t *testing.T) {
	enough := asked(t, fencesVariable, 30_000)
	for _, c := range []struct {
		kind  cluster.Kind
		share int64 // of a hundred
	}{{cluster.Process, 80}, {cluster.Docker, 20}} {
		t.Run(string(c.kind), func(t *testing.T) {
			needDocker(t) // redis-server is where an engine is
			fencesRise(t, c.kind, enough*c.share/100)
		})
	}
}

func fencesRise(t *testing.T, kind cluster.Kind, enough int64) {
	n := start(t, cluster.Spec{Kind: kind, Nodes: 5, Persist: cluster.PersistEverySec, Clocks: kind == cluster.Process})
	for i, node := range n.Nodes() {
		if c := node.Clock(); c != nil {
			if err := c.Step(time.Duration(4-i) * 150 * time.Millisecond); err != nil {
				t.Fatal(err)
			}
		}
	}
	r := newRace(t, n)
	r.run(t, func() bool { return r.acquired.Load() >= enough/5 }, func() { time.Sleep(10 * time.Millisecond) })
	quiet, quietRaised := r.acquired.Swap(0), r.raised.Swap(0)

	holder := newHolder(t, n)
	counts := map[string]float64{}
	turn := 0
	r.run(t, func() bool { return r.acquired.Load() >= enough && len(counts) == 4 }, func() {
		node := turn % 5
		switch turn++; turn % 4 {
		case 0:
			holder.overtake(t, r.lockers[0].Load())
			counts["fault_holder_frozen"]++
		case 1:
			n.kill(t, node)
			r.newcomer(t, n)
			n.revive(t, cluster.Keep, node)
			counts["fault_node_killed_and_back_with_its_memory"]++
		case 2:
			if err := n.Node(node).Pause(t.Context()); err != nil {
				t.Log(err) // an engine under load may fail to freeze a container
				return
			}
			time.Sleep(300 * time.Millisecond)
			n.resume(t, node)
			counts["fault_node_frozen"]++
		case 3:
			n.kill(t, node)
			r.newcomer(t, n)
			n.revive(t, cluster.Forget, node)
			counts["fault_node_killed_and_back_without_its_memory"]++
		}
		time.Sleep(1500 * time.Millisecond) // until it votes again
	})
	holder.end(t)
	acquired, raised := r.acquired.Load(), r.raised.Load()
	t.Logf("without faults %d acquisitions, %.3f %% of them in one round trip; through %v %d, %.3f %%",
		quiet, inOneTrip(quiet, quietRaised), counts, acquired, inOneTrip(acquired, raised))
	if got := inOneTrip(quiet, quietRaised); got < 99 && !t.Failed() {
		t.Errorf("got %.3f %% of the acquisitions without faults in one round trip, want 99 %%", got)
	}
	for name, count := range map[string]int64{
		"acquisitions": acquired, "second_trips": raised, "acquisitions_without_faults": quiet, "second_trips_without_faults": quietRaised,
		"keys": int64(len(r.last)) + 1, "out_of_order": 0,
	} {
		counts[name] = float64(count)
	}
	record.Add(t, counts, "")
}

// inOneTrip is how many of a hundred acquisitions needed no second round trip.
func inOneTrip(acquired, raised int64) float64 {
	return 100 * (1 - float64(raised)/float64(max(acquired, 1)))
}

// race is some lockers that take turns on keys as fast as they can.
type race struct {
	cfg              redlock.Config
	lockers          [3]atomic.Pointer[redlock.Locker]
	last             []uint64 // the last fence, by key; each belongs to one goroutine
	acquired, raised atomic.Int64
}

func newRace(t *testing.T, n *nodes) *race {
	r := &race{last: make([]uint64, 128), cfg: short(redlock.Fenced)}
	r.cfg.Observer = &redlock.Observer{Answered: func(_ context.Context, a redlock.Answer) {
		if a.Op == "raise" && a.Answers == 1 {
			r.raised.Add(1)
		}
	}}
	for i, open := range []func(testing.TB, []string, redlock.Config) *redlock.Locker{dial, dial, using} {
		l := open(t, n.Addrs(), r.cfg)
		cycle(t, l, "first") // from then on it knows the nodes' clocks, by which it proposes fences
		r.lockers[i].Store(l)
	}
	r.raised.Store(0)
	return r
}

// newcomer puts a locker in another's place that has never seen the node which is dead now, and lets it run for a moment.
// It must not take the nodes for new.
func (r *race) newcomer(t *testing.T, n *nodes) {
	t.Helper()
	cfg := patient(r.cfg)
	cfg.Fresh = false
	l, err := redlock.Dial(n.Addrs(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeLocker(t, l) })
	r.lockers[1].Store(l)
	time.Sleep(200 * time.Millisecond)
}

// run lets them run until there is enough, and calls meanwhile again and again.
func (r *race) run(t *testing.T, enough func() bool, meanwhile func()) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	var working sync.WaitGroup
	defer func() {
		stop()
		working.Wait()
	}()
	for i := range r.last {
		working.Go(func() { r.climb(ctx, t, i) })
	}
	before, since := int64(0), time.Now()
	for !enough() && !t.Failed() {
		meanwhile()
		if now := r.acquired.Load(); now > before {
			before, since = now, time.Now()
		} else if time.Since(since) > patience {
			t.Fatalf("nobody got anything for %v, after %d acquisitions", patience, now)
		}
	}
}

// climb takes one key again and again. Nobody else does, so that each fence is larger than the one before.
func (r *race) climb(ctx context.Context, t *testing.T, i int) {
	key := fmt.Sprintf("fences/%d", i)
	for turn := i; ctx.Err() == nil && !t.Failed(); turn++ {
		lease, err := r.lockers[turn%len(r.lockers)].Load().Lock(ctx, key)
		if err != nil {
			if ctx.Err() == nil {
				t.Errorf("%s: %v", key, err)
			}
			return
		}
		if lease.Fence() <= r.last[i] {
			t.Errorf("%s: got the fence %d after %d", key, lease.Fence(), r.last[i])
		}
		r.last[i] = lease.Fence()
		r.acquired.Add(1)
		_ = lease.Unlock(ctx) // a node may be dying
	}
}

// holder is another process that takes one key again and again, and gives it back when it is told to.
type holder struct {
	cmd   *exec.Cmd
	say   io.WriteCloser
	heard *bufio.Reader
	last  uint64 // the last fence of its key, whoever had it
}

const holderKey = "fences/frozen"

func newHolder(t *testing.T, n *nodes) *holder {
	t.Helper()
	h := &holder{cmd: worker(t, "turns", task{Addrs: n.Addrs(), Key: holderKey, TTL: time.Second})}
	var err error
	if h.say, err = h.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	heard, err := h.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	h.heard = bufio.NewReader(heard)
	if err := h.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.cmd.Process.Kill() })
	return h
}

// overtake freezes the holder until somebody else has its key. Both fences are larger than all before.
func (h *holder) overtake(t *testing.T, l *redlock.Locker) {
	t.Helper()
	line, err := h.heard.ReadString('\n')
	if err != nil {
		t.Fatalf("the holder says nothing: %v", err)
	}
	h.rise(t, number(t, line))
	freeze(t, h.cmd)
	lease := lock(t, l, holderKey)
	h.rise(t, lease.Fence())
	thaw(t, h.cmd)
	_ = lease.Unlock(t.Context())
	if _, err := fmt.Fprintln(h.say, "go on"); err != nil {
		t.Fatal(err)
	}
}

func (h *holder) rise(t *testing.T, fence uint64) {
	t.Helper()
	if fence <= h.last {
		t.Errorf("%s: got the fence %d after %d", holderKey, fence, h.last)
	}
	h.last = fence
}

// end lets the holder go home.
func (h *holder) end(t *testing.T) {
	t.Helper()
	err := h.say.Close()
	rest, _ := io.ReadAll(h.heard)
	if line := strings.TrimSpace(string(rest)); line != "" {
		h.rise(t, number(t, line))
	}
	if waited := h.cmd.Wait(); err != nil || waited != nil {
		t.Errorf("the holder: %v, %v", err, waited)
	}
}
