package main

import (
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// shell starts an interactive shell on a terminal of its own, and returns that terminal's other end and what it shows.
func (s *stage) shell() (*os.File, *output) {
	s.t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(master.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		s.t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(master.Fd()), unix.TIOCGPTN)
	if err != nil {
		s.t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	defer slave.Close()
	cmd := exec.Command("sh", "-i")
	cmd.Dir, cmd.Stdin, cmd.Stdout, cmd.Stderr = s.dir, slave, slave, slave
	cmd.Env = append(os.Environ(), "PS1=> ", "ENV=", "REDLOCK_ADDRS="+strings.Join(s.nodes.Addrs(), ","))
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	screen := new(output)
	read := make(chan struct{})
	go func() {
		defer close(read)
		buffer := make([]byte, 4096)
		for {
			n, err := master.Read(buffer)
			_, _ = screen.Write(buffer[:n])
			if err != nil { // the last process has closed the terminal
				return
			}
		}
	}()
	s.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		<-read
		_ = master.Close()
		if s.t.Failed() {
			s.t.Logf("the terminal showed:\n%s", screen)
		}
	})
	return master, screen
}

// type types, and waits until the terminal shows something after that.
func enter(t *testing.T, terminal *os.File, screen *output, keys, shows string) {
	t.Helper()
	before := len(screen.String())
	if _, err := terminal.WriteString(keys); err != nil {
		t.Fatal(err)
	}
	await(t, fmt.Sprintf("%q after %q, with the terminal showing %q", shows, keys, screen), func() bool { return strings.Contains(screen.String()[before:], shows) })
}

// On a terminal the command is in the foreground, as if a shell had started it: it reads what is typed, gets ^C, and is
// stopped by ^Z together with redlock, so that the shell is back; fg has both go on, and afterwards the shell has the
// terminal again.
func TestCommandOnATerminal(t *testing.T) {
	t.Parallel()
	s := newStage(t, 3)
	terminal, screen := s.shell()
	enter(t, terminal, screen, "redlock run k -c 'read line; echo got-$line; exit 3'\n", "redlock run")
	enter(t, terminal, screen, "abc\n", "got-abc")
	enter(t, terminal, screen, "echo code-$?\n", "code-3")

	enter(t, terminal, screen, "redlock run k -- sh -c 'echo rea''dy; exec beat child'\n", "ready")
	s.beating("child")
	enter(t, terminal, screen, "\x03", "> ")
	enter(t, terminal, screen, "echo code-$?\n", "code-130")

	enter(t, terminal, screen, "redlock run k -- beat stopped\n", "")
	s.beating("stopped")
	enter(t, terminal, screen, "\x1a", "Stopped")
	enter(t, terminal, screen, "echo ba''ck\n", "back")
	count := s.pulse("stopped").count
	enter(t, terminal, screen, "fg\n", "redlock run")
	await(t, "more beats", func() bool { return s.pulse("stopped").count > count+20 })
	enter(t, terminal, screen, "\x03", "> ")
	enter(t, terminal, screen, "echo code-$?\n", "code-130")

	enter(t, terminal, screen, "redlock run --foreground k -- beat front\n", "")
	s.beating("front")
	enter(t, terminal, screen, "\x1a", "Stopped")
	enter(t, terminal, screen, "fg\n", "redlock run")
	enter(t, terminal, screen, "\x03", "> ")
	enter(t, terminal, screen, "echo code-$?\n", "code-130")
	enter(t, terminal, screen, "exit\n", "")
}
