//go:build unix

package runner

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"syscall"

	"golang.org/x/sys/unix"
)

// ExecVerb is how this program is called when it is to become the command of a run. It is for nobody else.
const ExecVerb = "run-exec"

// launch starts a command that does not begin before ready returns: until then its process is this program, which waits to
// be told, and ends when this process does. So whoever has to know the command knows it before it can start anybody else.
// An error of ready ends it. death is what it gets from the kernel when this process dies, where that can be had; 0 means
// nothing.
//
// A command that a signal ends before it begins is started all the same, and has ended.
func launch(path string, argv []string, attr *syscall.ProcAttr, death syscall.Signal, ready func(pid int) error) (int, error) {
	program, err := self()
	if err != nil {
		return 0, notLaunched(err)
	}
	begin, gate, err := os.Pipe()
	if err != nil {
		return 0, notLaunched(err)
	}
	defer gate.Close()
	report, failed, err := os.Pipe()
	if err != nil {
		return 0, notLaunched(errors.Join(err, begin.Close()))
	}
	defer report.Close()
	ours := []int{int(begin.Fd()), int(failed.Fd())}
	shim := *attr
	shim.Files = inherited(attr.Files, ours)
	words := []string{"redlock", ExecVerb, strconv.Itoa(ours[0]), strconv.Itoa(ours[1]), strconv.Itoa(int(death)), path}
	pid, err := syscall.ForkExec(program, append(words, argv...), &shim)
	_, _ = begin.Close(), failed.Close()
	switch {
	case errors.Is(err, unix.E2BIG): // it is the command's arguments that are too long
		return 0, cannotStart(path, err)
	case err != nil:
		return 0, notLaunched(err)
	}
	if err := ready(pid); err != nil {
		_ = unix.Kill(pid, unix.SIGKILL)
		await(pid)
		return 0, notLaunched(err)
	}
	_, _ = gate.Write([]byte{1}) // whoever has ended already is found by those who wait for the command
	var number uint32
	if binary.Read(report, binary.LittleEndian, &number) == nil {
		await(pid)
		return 0, cannotStart(path, syscall.Errno(number))
	}
	return pid, nil // its end of the report was closed as it began
}

func notLaunched(err error) error {
	return &startError{CodeFailed, fmt.Errorf("the command cannot be started: %w", err)}
}

// inherited returns what a process has open: files as they are numbered, what this process was given to hand on, and ours,
// under their own numbers.
func inherited(files []uintptr, ours []int) []uintptr {
	files = slices.Clone(files)
	syscall.ForkLock.Lock() // nobody has opened anything that is not closed on exec yet, and will be
	defer syscall.ForkLock.Unlock()
	for fd := len(files); fd <= slices.Max(ours); fd++ {
		flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0)
		if slices.Contains(ours, fd) || err == nil && flags&unix.FD_CLOEXEC == 0 {
			files = append(files, uintptr(fd))
		} else {
			files = append(files, ^uintptr(0)) // closed
		}
	}
	return files
}

// Exec is what a process does that is to become a command, with what launch has put on its command line. It returns what to
// exit with if that does not happen.
func Exec(args []string) int {
	// The kernel keeps for each thread what it is told at its parent's death, and the one that calls exec is the command's.
	runtime.LockOSThread()
	s, ok := parseShim(args)
	if !ok {
		fmt.Fprintf(os.Stderr, "redlock: %s: it is started by redlock run, and by nobody else\n", ExecVerb)
		return CodeFailed
	}
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, forwarded()...)
	go heed(signals)
	dieWithParent(s.death)
	if !s.told() {
		return CodeFailed // redlock has died
	}
	err := syscall.Exec(s.path, s.argv, os.Environ())
	number, _ := errors.AsType[syscall.Errno](err)
	report := os.NewFile(uintptr(s.report), "report")
	_ = binary.Write(report, binary.LittleEndian, uint32(number))
	return CodeCannotRun
}

// shim is what launch has told a process that is to become a command.
type shim struct {
	gate   int // has one byte when it is to begin, and ends when it is not
	report int // takes the number of the error of exec
	death  syscall.Signal
	path   string
	argv   []string
}

// parseShim returns false where launch has not started this process.
func parseShim(args []string) (shim, bool) {
	if len(args) < 5 {
		return shim{}, false
	}
	var numbers [3]int
	for i := range numbers {
		var err error
		if numbers[i], err = strconv.Atoi(args[i]); err != nil {
			return shim{}, false
		}
	}
	s := shim{numbers[0], numbers[1], syscall.Signal(numbers[2]), args[3], args[4:]}
	for _, fd := range []int{s.gate, s.report} { // which are no business of the command
		if _, err := unix.FcntlInt(uintptr(fd), unix.F_SETFD, unix.FD_CLOEXEC); err != nil {
			return s, false
		}
	}
	return s, unix.SetNonblock(s.gate, false) == nil
}

// told waits to be told to begin, and reports whether it was.
func (s shim) told() bool {
	var word [1]byte
	for {
		n, err := unix.Read(s.gate, word[:])
		if !errors.Is(err, unix.EINTR) {
			return n == 1
		}
	}
}

// heed ends this process as a signal would end the command. One that stops it is not heard: nobody would have it go on.
func heed(signals <-chan os.Signal) {
	for s := range signals {
		if number, _ := s.(syscall.Signal); !slices.Contains(harmless, number) {
			os.Exit(killedBy(int(number)))
		}
	}
}
