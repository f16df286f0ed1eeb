//go:build unix

package bench

import (
	"syscall"
	"time"
)

// cpuTime is what getrusage says of this process; 0 when it says nothing.
func cpuTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return 0
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
