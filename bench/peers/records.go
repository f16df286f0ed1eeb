package main

import (
	"fmt"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// records is room for the times that workers note while a load runs. It is off the heap: there it would grow with how fast a
// subject is, make garbage, and change how often that is collected.
type records struct {
	memory []byte
	each   int // bytes
	taken  int // bytes
}

// recordsSize is more than a load writes, of which the system gives what is written to.
const recordsSize = 64 << 20

// newRecords has room for so many slices.
func newRecords(slices int) (*records, error) {
	memory, err := unix.Mmap(-1, 0, recordsSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		return nil, fmt.Errorf("memory for what is measured: %w", err)
	}
	const page = 1 << 16
	return &records{memory: memory, each: recordsSize / slices / page * page}, nil
}

// next returns an empty slice with room. One that needs more goes to the heap.
func (r *records) next() []time.Duration {
	first := unsafe.Pointer(&r.memory[r.taken])
	r.taken += r.each
	return unsafe.Slice((*time.Duration)(first), r.each/int(unsafe.Sizeof(time.Duration(0))))[:0]
}

// free takes the room away from all slices.
func (r *records) free() { _ = unix.Munmap(r.memory) }
