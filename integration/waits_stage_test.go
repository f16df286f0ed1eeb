package integration

import (
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// stage is lockers here and in other processes that take keys from each other, and what becomes of that.
type stage struct {
	n       *nodes
	dir     string
	before  goleak.Option
	began   time.Time
	lockers []*redlock.Locker
	working sync.WaitGroup // the lockers of this process
	stop    context.CancelFunc
	actors  [4]*actor
	diaries []*reader
	counts  map[string]int64 // faults, by kind
	times   []span           // of the faults
	alone   []span           // of locks that nobody else wanted; belongs to a goroutine until working has ended
	turns   int              // faults so far
	took    time.Duration
}

// actor is another process that takes turns.
type actor struct {
	cmd   *exec.Cmd
	in    io.Closer // its standard input: it goes home when that is closed
	ended chan error
}

func openStage(t *testing.T, n *nodes) *stage {
	t.Helper()
	s := &stage{n: n, dir: t.TempDir(), before: goleak.IgnoreCurrent(), counts: map[string]int64{}}
	ctx, stop := context.WithCancel(t.Context())
	s.stop = stop
	for range 3 {
		l := dial(t, n.Addrs(), redlock.Config{TTL: waitsTTL, MaxTTL: waitsTTL, NodeTimeout: waitsTimeout})
		cycle(t, l, waitsKey(0))
		s.lockers = append(s.lockers, l)
	}
	s.working.Go(func() { s.lockAlone(ctx, s.lockers[2]) })
	for _, l := range s.lockers[:2] {
		path := s.diary(t)
		s.working.Go(func() {
			if err := takeTurns(ctx, l, path); err != nil {
				t.Error(err)
			}
		})
	}
	t.Cleanup(s.working.Wait)
	t.Cleanup(stop)
	for i := range s.actors {
		s.actors[i] = s.actor(t)
	}
	s.began = time.Now()
	return s
}

// lockAlone takes a key that nobody else wants again and again, and notes how long that takes: what the nodes and the machine
// have to do with it.
func (s *stage) lockAlone(ctx context.Context, l *redlock.Locker) {
	for ctx.Err() == nil {
		from := history.Now()
		if lease, err := l.Lock(ctx, "waits/alone"); err == nil {
			_ = lease.Unlock(ctx) // nodes may be dying
		}
		s.alone = append(s.alone, span{from, history.Now()})
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
		}
	}
}

// diary opens the diary of one more process, and returns where that is to write it.
func (s *stage) diary(t *testing.T) string {
	t.Helper()
	path := filepath.Join(s.dir, fmt.Sprint(len(s.diaries)))
	r, err := openReader(path, len(s.diaries))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.file.Close() })
	s.diaries = append(s.diaries, r)
	return path
}

// actor starts one more process.
func (s *stage) actor(t *testing.T) *actor {
	t.Helper()
	a := &actor{ended: make(chan error, 1)}
	a.cmd = worker(t, "waits", task{Addrs: s.n.Addrs(), TTL: waitsTTL, NodeTimeout: waitsTimeout, Late: true, Dir: s.diary(t)})
	var err error
	if a.in, err = a.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := a.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = a.cmd.Process.Kill() })
	go func() { a.ended <- a.cmd.Wait() }()
	return a
}

// got returns how many hand-overs there were so far.
func (s *stage) got() (sum int64) {
	for _, r := range s.diaries {
		sum += r.got
	}
	return sum
}

// wait lets them go on until something is so. It fails when nobody gets anything any more.
func (s *stage) wait(t *testing.T, so func() bool) {
	t.Helper()
	before, since := s.got(), time.Now()
	for !so() && !t.Failed() {
		time.Sleep(20 * time.Millisecond)
		for _, r := range s.diaries {
			if err := r.read(); err != nil {
				t.Fatal(err)
			}
		}
		if now := s.got(); now > before {
			before, since = now, time.Now()
		} else if time.Since(since) > patience {
			t.Fatalf("nobody got anything for %v, after %d hand-overs", patience, now)
		}
		for i, a := range s.actors {
			select {
			case err := <-a.ended:
				t.Fatalf("worker %d has ended by itself: %v", i, err)
			default:
			}
		}
	}
	if t.Failed() {
		t.FailNow()
	}
}

// last lets them go on for a while.
func (s *stage) last(t *testing.T, d time.Duration) {
	t.Helper()
	end := time.Now().Add(d)
	s.wait(t, func() bool { return time.Now().After(end) })
}

// waitsAftermath is how long after a fault nobody need be quick: as long as a holder that was killed keeps everybody out, or
// a node that was does not vote, and somewhat more.
const waitsAftermath = waitsTTL + time.Second

// eachFault reports whether there was one of each kind at least.
func (s *stage) eachFault() bool { return len(s.counts) == 3 }

// fault is one or two nodes that are killed or hang, and come back, and a process that is killed meanwhile or afterwards.
func (s *stage) fault(t *testing.T) {
	t.Helper()
	which := rand.Perm(5)[:1+rand.IntN(2)]
	s.turns++
	killed := s.turns%2 == 0
	from := history.Now()
	if killed {
		s.n.kill(t, which...)
		s.counts["node_killed_and_back_with_its_memory"] += int64(len(which))
		s.last(t, rand.N(time.Second))
	} else {
		for i, index := range which {
			if err := s.n.Node(index).Pause(t.Context()); err != nil {
				t.Log(err) // an engine under load may fail to freeze a container
				which = which[:i]
				break
			}
		}
		s.counts["node_frozen"] += int64(len(which))
		s.last(t, time.Second+rand.N(time.Second))
	}
	meanwhile := rand.IntN(2) == 0
	if meanwhile {
		s.killOne(t)
	}
	s.last(t, rand.N(time.Second))
	if killed {
		s.n.revive(t, cluster.Keep, which...)
	} else {
		s.n.resume(t, which...)
	}
	s.times = append(s.times, span{from, history.Now() + waitsAftermath})
	s.last(t, waitsAftermath) // until they vote again, so that no more than a minority is away
	if !meanwhile {
		s.killOne(t)
		s.last(t, waitsAftermath)
	}
	s.last(t, time.Second) // in which everything goes well
}

// killOne kills a process, whatever it does at that moment, and starts another one.
func (s *stage) killOne(t *testing.T) {
	t.Helper()
	i := rand.IntN(len(s.actors))
	from := history.Now()
	if err := s.actors[i].cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-s.actors[i].ended
	s.counts["process_killed"]++
	s.times = append(s.times, span{from, history.Now() + waitsAftermath})
	s.actors[i] = s.actor(t)
}

// close ends the stage: nobody goes on, all lockers are closed, and whatever they leave behind has had a second to go.
func (s *stage) close(t *testing.T) {
	t.Helper()
	s.took = time.Since(s.began)
	s.stop()
	for _, a := range s.actors {
		a.in.Close()
	}
	s.working.Wait()
	for _, l := range s.lockers {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	}
	for i, a := range s.actors {
		select {
		case err := <-a.ended:
			if err != nil {
				t.Errorf("worker %d: %v", i, err)
			}
		case <-time.After(patience):
			t.Fatalf("worker %d does not end", i)
		}
	}
	for _, r := range s.diaries {
		if err := r.read(); err != nil {
			t.Error(err)
		}
	}
	time.Sleep(time.Second)
	s.nothingRuns(t)
}
