package integration

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/rpc"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/internal/record"
	"github.com/quorumlock/quorumlock/redlock"
)

// Register is a storage with two counters that clients read and write over the network. One takes every write. The other
// refuses whoever shows a smaller fence than it has seen, in reads as well as in writes: a read is a promise to the
// reader that nobody before it writes any more.
type Register struct {
	mu       sync.Mutex
	unfenced uint64   // guarded by mu
	fenced   uint64   // guarded by mu
	fence    uint64   // guarded by mu; the largest that was shown
	refused  int      // guarded by mu
	read     chan int // the worker that has just read a counter, and writes it next
}

// Access is what a client asks for.
type Access struct {
	Worker int
	Fence  uint64 // 0: of the counter without fences
	Write  bool
	Value  uint64 // to write
}

var errStaleFence = errors.New("a larger fence was shown before")

// Do carries out one access, and replies with the counter's value.
func (r *Register) Do(a Access, value *uint64) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	counter := &r.unfenced
	if a.Fence != 0 {
		counter = &r.fenced
		if a.Fence < r.fence {
			r.refused++
			return errStaleFence
		}
		r.fence = a.Fence
	}
	if a.Write {
		*counter = a.Value
	}
	*value = *counter
	if !a.Write {
		select {
		case r.read <- a.Worker:
		default: // nobody waits for a reader
		}
	}
	return nil
}

// count is a worker that adds one to both counters, again and again, each time under the lock, and prints how many of its
// writes each of them took. It never looks whether it still has the lock: that is what a storage with fences is for.
func count(l *redlock.Locker, job task) error {
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Minute)
	defer cancel()
	storage, err := rpc.Dial("tcp", job.Storage)
	if err != nil {
		return err
	}
	defer storage.Close()
	var unfenced, fenced uint64
	for end := time.Now().Add(job.For); time.Now().Before(end); {
		lease, err := l.Lock(ctx, job.Key)
		if err != nil {
			return err
		}
		for _, counter := range []struct {
			fence uint64
			took  *uint64
		}{{0, &unfenced}, {lease.Fence(), &fenced}} {
			var value uint64
			err := storage.Call("Register.Do", Access{Worker: job.Worker, Fence: counter.fence}, &value)
			if err == nil {
				time.Sleep(20 * time.Millisecond) // the work, in whose midst a process may be stopped
				err = storage.Call("Register.Do", Access{Worker: job.Worker, Fence: counter.fence, Write: true, Value: value + 1}, &value)
			}
			switch {
			case err == nil:
				*counter.took++
			case err.Error() != errStaleFence.Error():
				return err
			}
		}
		_ = lease.Unlock(ctx) // which may be lost
	}
	fmt.Println(unfenced, fenced)
	return nil
}

// The honest pair: clients that are stopped in the midst of their work, for longer than their lease, write when they wake
// up. The counter without fences loses updates; the one with fences loses none.
func TestFencesSaveWhatFrozenClientsWouldOverwrite(t *testing.T) {
	t.Parallel()
	n := start(t, cluster.Spec{Nodes: 3})
	register := &Register{read: make(chan int)}
	server := rpc.NewServer()
	if err := server.Register(register); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return // closed
			}
			serving.Go(func() { server.ServeConn(conn) })
		}
	})
	defer serving.Wait()
	defer listener.Close()

	const ttl = 400 * time.Millisecond
	job := task{Addrs: n.Addrs(), Key: "key", TTL: ttl, Storage: listener.Addr().String(), For: 15 * time.Second}
	var workers []*exec.Cmd
	var outputs [4]bytes.Buffer
	for i := range outputs {
		job.Worker = i
		cmd := worker(t, "count", job)
		cmd.Stdout = &outputs[i]
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = cmd.Process.Kill() })
		workers = append(workers, cmd)
	}
	freezes := 0
	for began := time.Now(); time.Since(began) < job.For-2*time.Second; freezes++ {
		time.Sleep(50 * time.Millisecond)
		stopped := workers[<-register.read]
		freeze(t, stopped)
		time.Sleep(ttl * 3 / 2)
		thaw(t, stopped)
	}
	var unfenced, fenced uint64
	for i, cmd := range workers {
		if err := cmd.Wait(); err != nil {
			t.Fatalf("worker %d: %v", i, err)
		}
		var u, f uint64
		if _, err := fmt.Sscan(outputs[i].String(), &u, &f); err != nil {
			t.Fatalf("worker %d printed %q: %v", i, outputs[i].String(), err)
		}
		unfenced, fenced = unfenced+u, fenced+f
	}
	register.mu.Lock()
	defer register.mu.Unlock()
	t.Logf("%d freezes; without fences %d updates of %d were lost; with fences %d of %d, and %d accesses were refused",
		freezes, unfenced-register.unfenced, unfenced, fenced-register.fenced, fenced, register.refused)
	if register.fenced != fenced {
		t.Errorf("got %d in the counter with fences after %d updates that it took", register.fenced, fenced)
	}
	if register.unfenced >= unfenced || register.refused == 0 || freezes < 10 {
		t.Errorf("nothing was proved: %d freezes, %d of %d updates without fences, %d refusals", freezes, register.unfenced, unfenced, register.refused)
	}
	record.Add(t, record.Figures{
		"fault_holder_frozen":    float64(freezes),
		"updates_without_fences": float64(unfenced), "updates_lost_without_fences": float64(unfenced - register.unfenced),
		"updates_with_fences": float64(fenced), "updates_lost_with_fences": float64(fenced - register.fenced), "accesses_refused": float64(register.refused),
	}, "")
}
