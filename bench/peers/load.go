package main

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"
)

// Load is what a subject is given to do: a closed loop, each worker beginning its next cycle when one ends.
type Load struct {
	Workers int
	For     time.Duration // workers begin no cycle after it; those under way are waited for
	Keys    [][]string    // by worker; each takes its own ones in turn
	One     bool          // all keys are one: see that it has one holder
	Record  bool          // keep latencies; costs memory, so that loads which count allocations do not
	Locked  bool          // the worker keeps to one thread
	Batch   int           // locks in a cycle
}

// Yield is what a load came to.
type Yield struct {
	Locks   int           // taken and given back
	InTime  int           // of these, how many before For had gone by
	Elapsed time.Duration // until the last worker was through
	Cycles  []time.Duration
	Waits   []time.Duration // from asking for a lock to holding it
	Overlap int             // how often somebody else held the one key at the same time
	Failed  map[string]int  // cycles by error
	Mallocs uint64          // of the whole process
	Bytes   uint64
	CPU     time.Duration // user and system, of the whole process
}

// grace is how long cycles that are under way may take when the time is over; then they are cancelled, and have failed.
const grace = 15 * time.Second

// drive puts the load on the subject. Only ctx ends it early, with ctx's error.
func drive(ctx context.Context, s Subject, load Load) (Yield, error) {
	// Not a deadline: clients look at deadlines and lock for a shorter time.
	bounded, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	bound := time.AfterFunc(load.For+grace, func() { cancel(fmt.Errorf("not through %v after the load's end", grace)) })
	defer bound.Stop()

	workers := make([]worker, load.Workers)
	records, err := newRecords(2 * load.Workers)
	if err != nil {
		return Yield{}, err
	}
	defer records.free()
	var inside atomic.Int32
	for i := range workers {
		workers[i] = worker{
			index: i, subject: s, load: load, inside: &inside, failed: map[string]int{},
			cycles: records.next(), waits: records.next(),
		}
	}
	var wg sync.WaitGroup
	before := meter()
	begin := time.Now()
	for i := range workers {
		wg.Go(func() { workers[i].run(bounded, begin) })
	}
	wg.Wait()
	after := meter()

	y := Yield{
		Elapsed: time.Since(begin), Failed: map[string]int{},
		Mallocs: after.mallocs - before.mallocs, Bytes: after.bytes - before.bytes, CPU: after.cpu - before.cpu,
	}
	for i := range workers {
		w := &workers[i]
		y.Locks += w.done
		y.InTime += w.inTime
		y.Overlap += w.overlap
		y.Cycles = append(y.Cycles, w.cycles...)
		y.Waits = append(y.Waits, w.waits...)
		for text, count := range w.failed {
			y.Failed[text] += count
		}
	}
	slices.Sort(y.Cycles)
	slices.Sort(y.Waits)
	return y, ctx.Err()
}

// worker is one of a load's workers, and what it has done.
type worker struct {
	index   int
	subject Subject
	load    Load
	inside  *atomic.Int32 // how many hold the one key

	begun         time.Time
	wait          time.Duration
	cycles, waits []time.Duration
	done, inTime  int
	overlap       int
	failed        map[string]int
}

func (w *worker) run(ctx context.Context, start time.Time) {
	if w.load.Locked {
		runtime.LockOSThread()
		// A goroutine that ended locked would end its thread, and the nodes that were forked from it.
		defer runtime.UnlockOSThread()
	}
	var hold func()
	if w.load.Record {
		hold = w.hold
	}
	keys, end := w.load.Keys[w.index], start.Add(w.load.For)
	for i := 0; ctx.Err() == nil; i++ {
		w.begun = time.Now()
		if !w.begun.Before(end) {
			return
		}
		if err := w.subject.Cycle(ctx, w.index, keys[i%len(keys)], hold); err != nil {
			w.failed[kindOf(err)]++
			time.Sleep(time.Millisecond) // a node that is down must not become a busy loop
			continue
		}
		now := time.Now()
		w.done += w.load.Batch
		if !now.After(end) {
			w.inTime += w.load.Batch
		}
		if w.load.Record {
			w.cycles = append(w.cycles, now.Sub(w.begun))
			w.waits = append(w.waits, w.wait)
		}
	}
}

// hold notes when the lock was there, and whether somebody else has the one key.
func (w *worker) hold() {
	w.wait = time.Since(w.begun)
	if !w.load.One {
		return
	}
	if w.inside.Add(1) > 1 {
		w.overlap++
	}
	w.inside.Add(-1)
}

// kindOf returns the beginning of an error's text with its numbers taken out: the same for every key and node.
func kindOf(err error) string {
	text := numbers.ReplaceAllString(strings.ReplaceAll(err.Error(), "\n", " "), "#")
	return text[:min(len(text), 80)]
}

var numbers = regexp.MustCompile(`[0-9]+`)

// reading is what the process has used so far.
type reading struct {
	mallocs, bytes uint64
	cpu            time.Duration
}

func meter() reading {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		panic(err) // it takes no argument that could be wrong
	}
	return reading{mallocs: m.Mallocs, bytes: m.TotalAlloc, cpu: time.Duration(u.Utime.Nano() + u.Stime.Nano())}
}

// distinct returns keys that no two workers share, made beforehand so that making them is nobody's cost. A worker
// comes back to a key only after so many others that what a client left there is no obstacle; turns with different
// names have no key in common.
func distinct(name string, workers int) [][]string {
	each := min(1<<18/workers, 1<<13)
	keys := make([][]string, workers)
	for w := range keys {
		keys[w] = make([]string, each)
		for i := range keys[w] {
			keys[w][i] = fmt.Sprintf("%s/%03d/%05d", name, w, i)
		}
	}
	return keys
}

// same returns one key for all.
func same(name string, workers int) [][]string {
	keys := make([][]string, workers)
	for w := range keys {
		keys[w] = []string{name}
	}
	return keys
}

// commonest returns the error that was met most often, "" for none.
func commonest(failed map[string]int) string {
	best := ""
	for _, text := range slices.Sorted(maps.Keys(failed)) {
		if best == "" || failed[text] > failed[best] {
			best = text
		}
	}
	return best
}
