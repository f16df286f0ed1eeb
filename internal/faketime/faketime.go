// Package faketime runs tests in bubbles of testing/synctest.
//
// Under the race detector of Go 1.26, two goroutines of one bubble that fire timers at the same moment on two cores crash
// the process: "SIGSEGV: segmentation violation" in __sanitizer::StackDepotBase::Put, or "ThreadSanitizer: CHECK failed".
// A timer of a bubble that is set for now or the past is run by the goroutine that sets or reads it, and all of them use
// the one race context of the bubble (runtime.(*timer).unlockAndRun). Two goroutines that loop over
// <-time.NewTimer(0).C show it within a second. On one core it cannot happen.
package faketime

import (
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
)

// Test is synctest.Test, with one core under the race detector as long as any such test runs.
func Test(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	if raceDetector {
		cores.take()
		defer cores.giveBack()
	}
	synctest.Test(t, test)
}

var cores allowance

// allowance is how many cores the process may use: one while anything has taken it.
type allowance struct {
	mu    sync.Mutex
	taken int
	all   int // what it is otherwise
}

func (a *allowance) take() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.taken++; a.taken == 1 {
		a.all = runtime.GOMAXPROCS(1)
	}
}

func (a *allowance) giveBack() {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.taken--; a.taken == 0 {
		runtime.GOMAXPROCS(a.all)
	}
}
