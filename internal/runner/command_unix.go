//go:build unix

package runner

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// command is the command that runs, what it has started and is still in its process group, and the watchdog over them.
// One goroutine uses it, on the thread that started it.
type command struct {
	pid      int
	target   int // as for kill(2)
	children chan os.Signal
	terminal *terminal      // nil: there is none
	dog      *watchdog      // nil: nobody is to be signalled when we die
	signal   syscall.Signal // from the watchdog
	death    syscall.Signal // from the kernel; 0: none

	ended  bool // the command itself
	status syscall.WaitStatus
	gone   bool // all of it
}

// start starts a command. onDeath is what it gets when this process dies, or does not go on; 0 means nothing. If it is
// something, the command does not begin before ready has told the watchdog of it.
func start(path string, argv, env []string, foreground bool, onDeath syscall.Signal, ready func(*command) error) (*command, error) {
	adopt()
	c := &command{children: make(chan os.Signal, 1), signal: onDeath}
	signal.Notify(c.children, unix.SIGCHLD)
	attr := &syscall.SysProcAttr{Setpgid: !foreground}
	if onDeath != 0 {
		if onDeath == unix.SIGKILL { // which may come twice: any other one comes from the watchdog, to the whole group
			c.death = onDeath
			bury(attr, c.death)
		}
		var err error
		if c.dog, err = startWatchdog(); err != nil {
			return nil, &startError{CodeFailed, fmt.Errorf("the watchdog cannot be started: %w", err)}
		}
	}
	c.terminal = openTerminal()
	if !foreground && c.terminal.ours() {
		attr.Foreground, attr.Ctty = true, int(c.terminal.file.Fd())
	}
	if err := c.begin(path, argv, &syscall.ProcAttr{Env: env, Files: []uintptr{0, 1, 2}, Sys: attr}, ready); err != nil {
		c.close()
		return nil, err
	}
	return c, nil
}

// begin has the command begin, guarded by ready if there is a watchdog.
func (c *command) begin(path string, argv []string, attr *syscall.ProcAttr, ready func(*command) error) error {
	own := func(pid int) error {
		c.pid, c.target = pid, pid
		if attr.Sys.Setpgid {
			c.target = -pid
		}
		return nil
	}
	if c.dog == nil {
		pid, err := syscall.ForkExec(path, argv, attr)
		if err != nil {
			return cannotStart(path, err)
		}
		return own(pid)
	}
	_, err := launch(path, argv, attr, c.death, func(pid int) error { return errors.Join(own(pid), ready(c)) })
	return err
}

// cannotStart says whether it was the command's fault.
func cannotStart(path string, err error) error {
	code := CodeCannotRun
	switch {
	case errors.Is(err, fs.ErrNotExist):
		code = CodeNotFound // or the interpreter that it names
	case errors.Is(err, unix.EAGAIN), errors.Is(err, unix.ENOMEM):
		code = CodeFailed
	case errors.Is(err, unix.ENOEXEC):
		err = fmt.Errorf("%w: a script needs a line such as #!/bin/sh", err)
	}
	return &startError{code, fmt.Errorf("%s: %w", path, err)}
}

// guard tells the watchdog for how long the command may go on without another word; it starts another one if somebody has
// ended it. The error says that there is none now.
func (c *command) guard(left time.Duration, since instant) error {
	if c.dog == nil || c.gone {
		return nil
	}
	at := since.add(left)
	o := order{Target: int64(c.target), Signal: int64(c.signal), Boot: int64(at.boot), Wall: int64(at.wall)}
	if c.dog.tell(o) {
		return nil
	}
	c.dog.dismiss()
	dog, err := startWatchdog()
	if err == nil && !dog.tell(o) {
		err = errors.New("it does not read")
	}
	if err != nil {
		return fmt.Errorf("the watchdog has ended, and there is no other: %w", err)
	}
	c.dog = dog
	return nil
}

// unguard has nobody signal the command any more when this process dies, where that can be had.
func (c *command) unguard() {
	c.dog.dismiss()
	c.dog = nil
}

// send signals all that is left of the command. Whoever may not be signalled is not: that is no error.
func (c *command) send(s syscall.Signal) {
	if !c.gone && (c.target < 0 || !c.ended) {
		_ = unix.Kill(c.target, s)
	}
}

// look finds out what has become of the command. thorough also looks for the dead that others have not buried, which takes
// longer. It returns the signal that has stopped the command, or 0.
func (c *command) look(thorough bool) (stopped syscall.Signal) {
	for {
		var status syscall.WaitStatus
		pid, err := syscall.Wait4(-1, &status, syscall.WNOHANG|syscall.WUNTRACED, nil)
		if errors.Is(err, unix.EINTR) {
			continue
		}
		if err != nil || pid <= 0 {
			break
		}
		switch {
		case c.dog != nil && pid == c.dog.pid:
			c.dog.ended = !status.Stopped()
		case pid == c.pid && status.Stopped():
			stopped = status.StopSignal()
		case pid == c.pid:
			c.ended, c.status, stopped = true, status, 0
		}
	}
	if c.ended && !c.gone {
		c.gone = c.target > 0 || errors.Is(unix.Kill(c.target, 0), unix.ESRCH) || thorough && onlyZombies(c.pid)
	}
	return stopped
}

// suspends reports whether this process stops when the command was stopped by a signal: as a shell's job does, on a
// terminal. A command that wants the terminal gets it instead if it is ours to give.
func (c *command) suspends(by syscall.Signal) bool {
	switch {
	case c.terminal == nil || by == unix.SIGSTOP:
		return false
	case by != unix.SIGTSTP && c.terminal.ours():
		c.terminal.give(c.pid)
		c.send(unix.SIGCONT)
		return false
	}
	return true
}

// suspend stops this process, so that the shell which watches it takes the terminal, until somebody continues it. Then the
// command goes on.
func (c *command) suspend() {
	c.terminal.back(c.pid)
	stop(0)
	if c.terminal.ours() {
		c.terminal.give(c.pid)
	}
	c.send(unix.SIGCONT)
}

// hears reports whether the terminal sends its signals to the command as well as to us.
func (c *command) hears() bool { return c.terminal.ours() }

// heard is about a signal that the command has from the terminal. What stops it has to stop us as well.
func (c *command) heard(s syscall.Signal) {
	if s == unix.SIGTSTP {
		stop(os.Getpid())
	}
}

// code returns what the command has exited with, or 128 and the signal that has ended it.
func (c *command) code() int {
	if c.status.Signaled() {
		return killedBy(int(c.status.Signal()))
	}
	return c.status.ExitStatus()
}

// close lets go of what a command had that is gone, or was never there.
func (c *command) close() {
	c.terminal.back(c.pid)
	c.terminal.close()
	c.dog.dismiss()
	signal.Stop(c.children)
}
