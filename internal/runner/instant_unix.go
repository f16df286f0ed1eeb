//go:build unix

package runner

import (
	"time"

	"golang.org/x/sys/unix"
)

// instant is a moment on two clocks that all processes of the machine share: one that nobody sets and that goes on while
// the machine is suspended, and the time of day, which also knows for how long a virtual machine has stood still.
type instant struct{ boot, wall time.Duration }

func machineNow() instant {
	var t unix.Timespec
	wall := time.Duration(time.Now().UnixNano())
	if err := unix.ClockGettime(suspendAware, &t); err != nil {
		return instant{boot: wall, wall: wall}
	}
	return instant{boot: time.Duration(t.Nano()), wall: wall}
}

func (i instant) add(d time.Duration) instant { return instant{boot: i.boot + d, wall: i.wall + d} }

// until returns how long it is until i, at now: by the clock that says less.
func (i instant) until(now instant) time.Duration { return min(i.boot-now.boot, i.wall-now.wall) }
