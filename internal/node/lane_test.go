package node

import (
	"context"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// Commands reach the server in the order in which they were sent, whatever shares a batch, and each is answered once.
func TestOrderIsKept(t *testing.T) {
	const count = 2000
	var mu sync.Mutex
	var owners []string
	s := serve(t, func(command []string) string {
		mu.Lock()
		defer mu.Unlock()
		owners = append(owners, command[2])
		return "+OK"
	})
	n := dial(t, s.addr, config(false))
	a := newAnswers()
	for i := range count {
		c := Command{Op: Grant, Key: "k", Owner: fmt.Sprint(i), TTL: time.Minute, Round: uint32(i + 1), To: a}
		if err := n.Send(c); err != nil {
			t.Fatalf("Send: %v", err)
		}
	}
	if got := len(a.wait(t, count)); got != count {
		t.Fatalf("got %d answers, want %d", got, count)
	}
	for i, owner := range owners {
		if owner != fmt.Sprint(i) {
			t.Fatalf("got command %s in place %d", owner, i)
		}
	}
}

// What gathers while a batch is under way goes out together: the server is not asked once for each command.
func TestBatchesGather(t *testing.T) {
	var reads atomic.Int32
	gate := make(chan struct{})
	s := serve(t, func([]string) string {
		if reads.Add(1) == 1 {
			<-gate
		}
		return "+OK"
	})
	n := dial(t, s.addr, config(false))
	a := newAnswers()
	send := func(i int) {
		t.Helper()
		if err := n.Send(Command{Op: Grant, Key: "k", Owner: "a", TTL: time.Minute, Round: uint32(i), To: a}); err != nil {
			t.Fatalf("Send: %v", err)
		}
	}
	send(1)
	for reads.Load() == 0 {
		runtime.Gosched()
	}
	for i := 2; i <= 100; i++ {
		send(i)
	}
	close(gate)
	a.wait(t, 100)
	n.lane.mu.Lock()
	batch := cap(n.lane.calls)
	n.lane.mu.Unlock()
	if batch < 99 {
		t.Errorf("got batches of at most %d, want the 99 that waited in one", batch)
	}
}

// R9: a node that does not answer takes a bounded number of commands, then refuses at once; while it is down it refuses
// all; nothing waits, and everything that was taken is answered.
func TestHungNodeIsBounded(t *testing.T) {
	hang := make(chan struct{})
	s := serve(t, func([]string) string { <-hang; return "+OK" })
	defer close(hang)
	cfg := config(false)
	cfg.Timeout = 300 * time.Millisecond
	n := dial(t, s.addr, cfg)
	a := newAnswers()
	taken, full := 0, 0
	for i := range 3 * maxWaiting {
		err := n.Send(Command{Op: Grant, Key: "k", Owner: "a", TTL: time.Minute, Round: uint32(i + 1), To: a})
		switch {
		case err == nil:
			taken++
		case strings.Contains(err.Error(), "too many"):
			full++
		}
	}
	if full == 0 || taken < maxWaiting {
		t.Errorf("got %d taken and %d refused, want at least %d and some", taken, full, maxWaiting)
	}
	unsent := 0
	for _, r := range a.wait(t, taken) {
		if r.Err == nil {
			t.Fatalf("got %+v from a server that hangs", r)
		}
		if r.Untouched {
			unsent++
		}
	}
	if unsent < taken-2*maxBatch {
		t.Errorf("got %d of %d answered as never sent", unsent, taken)
	}
	if err := n.Send(grant("a")); err == nil || !strings.Contains(err.Error(), "no answer within 300ms") {
		t.Errorf("got %v from a lane that is down, want why", err)
	}
}

// R4: a release that the node did not hear is owed: it is carried out when the node is back, before the lane is up.
func TestOwedReleaseIsPaid(t *testing.T) {
	var broken atomic.Bool
	broken.Store(true)
	s := serve(t, func(command []string) string {
		if broken.Load() {
			return ""
		}
		return done(command)
	})
	n := dial(t, s.addr, config(true))
	if r := ask(t, n, Command{Op: Release, Key: "k", Owner: "first"}); r.Err == nil {
		t.Errorf("got %+v, want an error", r)
	}
	if err := n.Send(Command{Op: Release, Key: "k", Owner: "second"}); err == nil {
		t.Error("got a release taken by a lane that is down")
	}
	if err := n.Send(grant("never")); err == nil {
		t.Error("got a grant taken by a lane that is down")
	}
	broken.Store(false)
	for up := false; !up; time.Sleep(time.Millisecond) {
		down, _ := n.lane.state()
		up = down == nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	all := strings.Join(s.asked, "\n")
	if strings.Count(all, "first") != 2 || strings.Count(all, "second") != 1 || strings.Contains(all, "never") {
		t.Errorf("got\n%s\nwant the first release twice, the second once, and no grant", all)
	}
}

// R9: a node that is down is probed at a bounded rate, not once for each command.
func TestProbesAreBounded(t *testing.T) {
	s := serve(t, func([]string) string { return "" })
	n := dial(t, s.addr, config(true))
	ask(t, n, grant("a"))
	start := time.Now()
	for time.Since(start) < 400*time.Millisecond {
		_ = n.Send(grant("a"))
		time.Sleep(100 * time.Microsecond)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	// 50, 100, 200 ms apart, less a fifth: at most 4 in 400 ms, beside the grant that found it down.
	if got := len(s.asked); got > 6 {
		t.Errorf("got %d commands in 400ms, want a few", got)
	}
}

// Close carries out what was taken, refuses what comes later, and ends by itself when the node hangs.
func TestCloseDrains(t *testing.T) {
	s := serve(t, done)
	n := dial(t, s.addr, config(true))
	a := newAnswers()
	for i := range 1000 {
		if err := n.Send(Command{Op: Release, Key: "k", Owner: "a", Round: uint32(i + 1), To: a}); err != nil {
			t.Fatalf("Send: %v", err)
		}
	}
	if err := n.Close(context.Background()); err != nil {
		t.Errorf("Close: %v", err)
	}
	for round, r := range a.wait(t, 1000) {
		if !r.Yes {
			t.Errorf("round %d: got %+v, want yes", round, r)
		}
	}
	if err := n.Send(grant("a")); err == nil {
		t.Error("got a command taken after Close")
	}
}

// A node that is down is named with what is the matter now: its server was killed, and now nobody listens.
func TestReasonIsFresh(t *testing.T) {
	s := serve(t, func([]string) string { return "" })
	n := dial(t, s.addr, config(true))
	if r := ask(t, n, grant("a")); r.Err == nil || r.Err.Error() != "connection closed by the node" {
		t.Errorf("got %v from a server that closes, want that", r.Err)
	}
	s.stop()
	for {
		err := n.Send(grant("a"))
		if err == nil {
			t.Fatal("got a command taken by a lane that is down")
		}
		if strings.Contains(err.Error(), "connection refused") {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// What a node owes is paid also while it has other things to do.
func TestOwedReleaseIsPaidUnderTraffic(t *testing.T) {
	var refused atomic.Bool
	paid := make(chan struct{})
	s := serve(t, func(command []string) string {
		if !strings.Contains(strings.Join(command, " "), "theowner") {
			return done(command)
		}
		if refused.CompareAndSwap(false, true) {
			return "-MISCONF not now"
		}
		close(paid)
		return done(command)
	})
	n := dial(t, s.addr, config(true))
	if r := ask(t, n, Command{Op: Release, Key: "k", Owner: "theowner"}); r.Err == nil {
		t.Fatalf("got %+v, want an error", r)
	}
	for {
		select {
		case <-paid:
			return
		default:
			ask(t, n, Command{Op: Extend, Key: "other", Owner: "a", TTL: time.Minute})
		}
	}
}
