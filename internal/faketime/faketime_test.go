package faketime_test

import (
	"runtime"
	"sync"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/faketime"
)

// With more than one core, this crashes the process under the race detector (see the package's comment).
func TestTimersOfManyGoroutines(t *testing.T) {
	before := runtime.GOMAXPROCS(0)
	for range 2 {
		t.Run("", func(t *testing.T) {
			faketime.Test(t, func(*testing.T) {
				var all sync.WaitGroup
				for range 4 {
					all.Go(func() {
						for range 5000 {
							<-time.NewTimer(0).C
						}
					})
				}
				all.Wait()
			})
		})
	}
	if got := runtime.GOMAXPROCS(0); got != before {
		t.Errorf("got %d cores after the tests, want %d as before", got, before)
	}
}
