package integration

import (
	"encoding/binary"
	"errors"
	"io"
	"os"
	"time"
)

// A diary is what one process writes down of its tries, so that it survives the process: each page is written at once, by
// one call, and what the kernel has of it stays when the process is killed.
type diary struct {
	file *os.File
}

// pageKind says what a page of a diary tells.
type pageKind uint8

const (
	pageGot  pageKind = iota + 1 // a hold began
	pageOver                     // it has ended: Unlock is called next
	pageLate                     // Lock returned a lease that was lost by then: no hold
	pageLeft                     // the wait was cancelled
	pageStop                     // the wait was given up because the stage is over
)

// page is what a diary says at once. Times are those of the clock that all processes share.
type page struct {
	kind  pageKind
	key   uint8
	who   uint8 // the goroutine
	asked time.Duration
	at    time.Duration
	fence uint64
}

const pageSize = 32

func openDiary(path string) (*diary, error) {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	return &diary{f}, err
}

func (d *diary) close() error { return d.file.Close() }

// write may be called from several goroutines.
func (d *diary) write(p page) error {
	text := make([]byte, 0, pageSize)
	text = binary.LittleEndian.AppendUint64(text, uint64(p.kind)|uint64(p.key)<<8|uint64(p.who)<<16)
	text = binary.LittleEndian.AppendUint64(text, uint64(p.asked))
	text = binary.LittleEndian.AppendUint64(text, uint64(p.at))
	text = binary.LittleEndian.AppendUint64(text, p.fence)
	_, err := d.file.Write(text)
	return err
}

// try is one Lock, and what came of it.
type try struct {
	kind      pageKind
	key       uint8
	process   int
	asked, at time.Duration // when Lock was called, and when it returned
	end       time.Duration // of the hold; at where nothing more is known, because the process was killed
	fence     uint64
}

// reader reads a process's diary while that is written.
type reader struct {
	file    *os.File
	process int
	rest    []byte        // the begin of a page
	holds   map[uint8]int // the tries whose hold has not ended yet, by goroutine
	tries   []try
	got     int64 // how many of them have the key
	left    int64 // how many were cancelled
}

// openReader opens a diary that may not be there yet.
func openReader(path string, process int) (*reader, error) {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_RDONLY, 0o600)
	return &reader{file: f, process: process, holds: map[uint8]int{}}, err
}

// read reads what has been written since.
func (r *reader) read() error {
	var buffer [1 << 16]byte
	for {
		n, err := r.file.Read(buffer[:])
		r.rest = append(r.rest, buffer[:n]...)
		for ; len(r.rest) >= pageSize; r.rest = r.rest[pageSize:] {
			r.turn(r.rest[:pageSize])
		}
		r.rest = append([]byte(nil), r.rest...)
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// turn reads one page.
func (r *reader) turn(text []byte) {
	head := binary.LittleEndian.Uint64(text)
	kind, key, who := pageKind(head), uint8(head>>8), uint8(head>>16)
	at := time.Duration(binary.LittleEndian.Uint64(text[16:]))
	switch kind {
	case pageOver:
		r.tries[r.holds[who]].end = at
		return
	case pageGot:
		r.holds[who] = len(r.tries)
		r.got++
	case pageLeft:
		r.left++
	}
	r.tries = append(r.tries, try{
		kind: kind, key: key, process: r.process, end: at, at: at,
		asked: time.Duration(binary.LittleEndian.Uint64(text[8:])), fence: binary.LittleEndian.Uint64(text[24:]),
	})
}
