package worker

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.uber.org/goleak"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/internal/chaos/storage"
	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// go-redis tells standard error of every connection that it cannot open.
type quiet struct{}

func (quiet) Printf(context.Context, string, ...any) {}

// A worker leaves no goroutine behind.
func TestMain(m *testing.M) {
	redis.SetLogger(quiet{})
	goleak.VerifyTestMain(m)
}

const ms = time.Millisecond

// place is what workers work at.
type place struct {
	nodes *cluster.Cluster
	shop  *storage.Storage
}

func open(t *testing.T) place {
	t.Helper()
	nodes, err := cluster.Start(t.Context(), cluster.Spec{Kind: cluster.Embedded, Nodes: 3})
	if err != nil {
		t.Fatal(err)
	}
	shop, err := storage.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(shop.Close(), nodes.Close()); err != nil {
			t.Error(err)
		}
	})
	return place{nodes, shop}
}

func (p place) task() Task {
	return Task{
		Process: 1, FirstClient: 6, Contenders: 4, Loners: 1, Addrs: p.nodes.Addrs(), TTL: 300 * ms, MaxTTL: 300 * ms, NodeTimeout: 500 * ms,
		Fresh: true, Busy: []string{"busy"}, Long: []string{"long"}, Alone: "alone-", Storage: p.shop.Addr(), Seed: 3, Epoch: history.Now(),
	}
}

// play runs a worker until it has said everything that enough wants, and returns all that it said.
func play(t *testing.T, task any, enough func(Message) bool) ([]Message, error) {
	t.Helper()
	text, err := json.Marshal(task)
	if err != nil {
		t.Fatal(err)
	}
	in, toWorker := io.Pipe()
	fromWorker, out := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := Run(in, out)
		out.Close()
		in.Close()
		ended <- err
	}()
	go fmt.Fprintf(toWorker, "%s\n", text)
	var all []Message
	limit := time.AfterFunc(time.Minute, func() { toWorker.Close() })
	defer limit.Stop()
	for dec := json.NewDecoder(fromWorker); ; {
		var m Message
		if err := dec.Decode(&m); err != nil {
			if !errors.Is(err, io.EOF) {
				t.Error(err)
			}
			break
		}
		all = append(all, m)
		if enough(m) {
			toWorker.Close()
		}
	}
	toWorker.Close()
	return all, <-ended
}

// A worker says that it is ready, reports operations of every kind and every lease that it gets, and at the end, when everything is
// given back, that it is done.
func TestAWorkerReports(t *testing.T) {
	p := open(t)
	task := p.task()
	missing := map[history.Kind]bool{history.Lock: true, history.Try: true, history.Hold: true, history.Extend: true, history.Unlock: true, history.Read: true, history.Write: true}
	all, err := play(t, task, func(m Message) bool {
		if m.Operation != nil {
			delete(missing, m.Operation.Kind)
		}
		return len(missing) == 0
	})
	if err != nil || len(missing) > 0 {
		t.Fatalf("got %v; operations that did not come: %v", err, missing)
	}
	if last := len(all) - 1; !all[0].Ready || !all[last].Done {
		t.Errorf("got %+v first and %+v last", all[0], all[last])
	}
	holding, counters := map[int]*Holding{}, map[bool]int{}
	for i, m := range all {
		switch {
		case m.Holding != nil:
			holding[m.Holding.Client] = m.Holding
		case m.Operation != nil:
			reported(t, &task, m.Operation, holding)
			if m.Operation.Order > 0 {
				counters[m.Operation.Fence > 0]++
			}
		case i > 0 && i < len(all)-1:
			t.Errorf("message %d of %d: %+v", i, len(all), m)
		}
	}
	for client := range holding {
		t.Errorf("client %d did not tell what became of its lease", client)
	}
	if counters[true] == 0 || counters[false] == 0 {
		t.Errorf("got %d accesses with a fence, and %d without one; want some of each", counters[true], counters[false])
	}
	for _, addr := range p.nodes.Addrs() {
		nothingHeld(t, &task, addr)
	}
}

// reported checks one operation. Of a client that holds a key, holding has the lease.
func reported(t *testing.T, task *Task, op *history.Operation, holding map[int]*Holding) {
	t.Helper()
	loner := op.Client == task.FirstClient+task.Contenders
	ours := op.Client >= task.FirstClient && op.Client < task.FirstClient+task.Contenders+task.Loners
	if !ours || op.Process != task.Process || op.Alone != (loner && op.Kind != history.Lock) || strings.HasPrefix(op.Key, task.Alone) != loner {
		t.Errorf("%+v is of none of its clients", op)
	}
	if op.Called <= 0 || op.Returned < op.Called || op.Outcome == "" || (op.Outcome == history.OK) != (op.Error == "" && op.Reason == "") {
		t.Errorf("%+v", op)
	}
	if op.Outcome == history.OK && op.Kind != history.Lock && op.Kind != history.Try && op.Lease == "" {
		t.Errorf("%+v has no lease", op)
	}
	if op.Kind == history.Hold {
		lease := holding[op.Client]
		if lease == nil || lease.Lease != op.Lease || lease.Fence != op.Fence || lease.Key != op.Key || lease.At != op.Called || lease.Alone != op.Alone || op.Fence == 0 {
			t.Errorf("%+v is of the lease %+v", op, lease)
		}
		delete(holding, op.Client)
	}
}

// nothingHeld checks that a node has no key of the task's, but has what lockers keep beside them.
func nothingHeld(t *testing.T, task *Task, addr string) {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: addr})
	defer client.Close()
	keys, err := client.Keys(t.Context(), "*").Result()
	if err != nil {
		t.Error(err)
	}
	for _, key := range keys {
		if slices.Contains(task.Busy, key) || slices.Contains(task.Long, key) || strings.HasPrefix(key, task.Alone) {
			t.Errorf("%s still has %s", addr, key)
		}
	}
	if len(keys) == 0 {
		t.Errorf("%s has no key at all, so nobody has locked there", addr)
	}
}

// Without fences there are no fences, and the storage is asked for the counter alone that looks at none. A key is given back as soon
// as its holder is through: the next one does not wait for the TTL.
func TestAPlainWorkerHasNoFences(t *testing.T) {
	p := open(t)
	task := p.task()
	task.Plain, task.Lock, task.TTL, task.MaxTTL = true, "simple", time.Hour, time.Hour
	writes := 0
	all, err := play(t, task, func(m Message) bool {
		if m.Operation != nil && m.Operation.Kind == history.Write && m.Operation.Key == "busy" {
			writes++
		}
		return writes >= 3
	})
	if err != nil || writes < 3 {
		t.Fatalf("got %v, %d writes", err, writes)
	}
	for _, m := range all {
		if m.Operation != nil && m.Operation.Fence != 0 || m.Holding != nil && m.Holding.Fence != 0 {
			t.Errorf("%+v %+v has a fence", m.Operation, m.Holding)
		}
	}
}

// What cannot be done is an error, of which its parent hears too: that nobody listens on the storage, and a locker or a TTL that
// cannot be. Without a task there is nobody to tell.
func TestAWorkerThatCannotWorkSaysWhy(t *testing.T) {
	p := open(t)
	for name, c := range map[string]struct {
		spoil func(*Task)
		want  string
	}{
		"storage": {func(task *Task) { task.Storage += "x" }, "storage: "},
		"locker":  {func(task *Task) { task.Lock = "nonsense" }, `unknown locker "nonsense"`},
		"ttl":     {func(task *Task) { task.TTL = -1 }, "TTL"},
		"nodes":   {func(task *Task) { task.Addrs = nil }, "no"},
	} {
		task := p.task()
		c.spoil(&task)
		all, err := play(t, task, func(Message) bool { return false })
		if err == nil || !strings.HasPrefix(err.Error(), "worker: ") || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
			continue
		}
		if len(all) != 1 || "worker: "+all[0].Failed != err.Error() {
			t.Errorf("%s: said %+v, want %v", name, all, err)
		}
	}
	for text, heard := range map[string]string{"": "", "{}": "", "nonsense\n": "bad task", "[]\n": "bad task", "{\"ttl\":\"1s\"}\n": "bad task"} {
		var out bytes.Buffer
		err := Run(strings.NewReader(text), &out)
		if err == nil || !strings.Contains(err.Error(), " task") || !strings.Contains(out.String(), heard) || heard == "" && out.Len() > 0 {
			t.Errorf("task %q: got %v, and its parent heard %q", text, err, out.String())
		}
	}
}

// deaf is a parent that has gone.
type deaf struct{}

func (deaf) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// A report that nobody reads is an error, and the worker gives back what it holds all the same.
func TestAReportThatCannotBeWritten(t *testing.T) {
	p := open(t)
	task := p.task()
	text, err := json.Marshal(task)
	if err != nil {
		t.Fatal(err)
	}
	if err := Run(strings.NewReader(string(text)+"\n"), deaf{}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("got %v, want %v", err, io.ErrClosedPipe)
	}
}

// Why an operation failed is one word: the first of what its error matches, and a loss before everything else.
func TestReason(t *testing.T) {
	for _, c := range []struct {
		err  error
		want history.Reason
	}{
		{redlock.ErrLost, history.Lost},
		{redlock.ErrHeld, history.Held},
		{redlock.ErrExpired, history.Expired},
		{redlock.ErrNoQuorum, history.NoQuorum},
		{context.Canceled, history.Cancelled},
		{context.DeadlineExceeded, history.Other},
		{io.EOF, history.Other},
		{fmt.Errorf("lock: %w", redlock.ErrHeld), history.Held},
		{errors.Join(context.Canceled, redlock.ErrNoQuorum), history.NoQuorum},
		{errors.Join(context.DeadlineExceeded, redlock.ErrHeld), history.Held},
		{errors.Join(redlock.ErrNoQuorum, redlock.ErrLost), history.Lost},
	} {
		if got := reason(c.err); got != c.want {
			t.Errorf("%v: got %s, want %s", c.err, got, c.want)
		}
	}
}

// The longest skip that has a moment in common with a time counts in full, also one that goes on; a beat that is a little late is
// no skip.
func TestPulseKnowsTheLongestSkip(t *testing.T) {
	p := &pulse{}
	for _, at := range []time.Duration{5 * ms, 15 * ms, 65 * ms, 70 * ms, 100 * ms, 105 * ms} {
		p.beat(at)
	}
	for _, c := range []struct{ from, now, want time.Duration }{
		{0, 15 * ms, 0},              // 10ms between beats are none
		{0, 15*ms + 1, 50 * ms},      //
		{64 * ms, 65 * ms, 50 * ms},  //
		{65 * ms, 70 * ms, 0},        // it was over, and the next had not begun
		{65 * ms, 71 * ms, 30 * ms},  //
		{0, 105 * ms, 50 * ms},       //
		{70 * ms, 105 * ms, 30 * ms}, //
		{100 * ms, 115 * ms, 0},      //
		{100 * ms, 116 * ms, 11 * ms},
		{0, 116 * ms, 50 * ms},
		{0, 200 * ms, 95 * ms}, // it goes on
	} {
		if got := p.longest(c.from, c.now); got != c.want {
			t.Errorf("%v to %v: got %v, want %v", c.from, c.now, got, c.want)
		}
	}
	for i := range 3 * kept {
		p.beat(time.Second + time.Duration(i)*20*ms)
	}
	if len(p.skips) != kept || p.skips[kept-1].until != p.last {
		t.Errorf("got %d skips, the last of them until %v; want the last %d", len(p.skips), p.skips[len(p.skips)-1].until, kept)
	}
}
