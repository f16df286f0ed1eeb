package main

import (
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// clock reads the clock that all processes of this machine share, [history.Now], by way of Go's own, which runs at the
// same rate and costs no system call. Times of two processes are comparable to within a microsecond or two.
type clock struct {
	base time.Time
	at   time.Duration // of the shared clock at base
}

func newClock() clock {
	var c clock
	narrowest := time.Duration(-1)
	for range 32 { // this thread may lose the processor between the two
		before := time.Now()
		at := history.Now()
		width := time.Since(before)
		if narrowest < 0 || width < narrowest {
			narrowest, c = width, clock{base: before.Add(width / 2), at: at}
		}
	}
	return c
}

// now is what the shared clock shows. Only differences mean anything.
func (c clock) now() time.Duration { return c.at + time.Since(c.base) }
