package clock_test

import (
	"fmt"
	"time"

	"github.com/quorumlock/quorumlock/clock"
)

// A lease of ten seconds is trusted for a little less, and a laptop that was shut for a minute finds it over.
func Example() {
	start := clock.At(0, 0)
	window := clock.NewWindow(start, 10*time.Second, clock.DefaultDrift)
	fmt.Println(window.Left(start))

	awake := start.Add(3 * time.Second)
	fmt.Println(window.Left(awake), window.Open(awake))

	suspended := clock.At(3*time.Second, 63*time.Second) // the monotonic clock stood still
	fmt.Println(window.Left(suspended), window.Open(suspended))
	// Output:
	// 9.898s
	// 6.898s true
	// 0s false
}
