package runner

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// begins has this program start a command, and go no further.
const begins = "QUORUMLOCK_TEST_BEGINS"

func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case ExecVerb:
			os.Exit(Exec(os.Args[2:]))
		case WatchdogVerb:
			if err := Watchdog(); err != nil {
				panic(err)
			}
			return
		}
	}
	if script := os.Getenv(begins); script != "" {
		c, err := start("/bin/sh", []string{"sh", "-c", script}, os.Environ(), false, unix.SIGKILL, func(c *command) error {
			return c.guard(time.Hour, machineNow())
		})
		fmt.Println(c.pid, err)
		select {}
	}
	os.Exit(m.Run())
}

// launched is a command that was launched, or is about to be.
type launched struct {
	pid int
	err error
	dir string
}

func (l *launched) has(name string) bool {
	_, err := os.Stat(filepath.Join(l.dir, name))
	return err == nil
}

// launchIn launches a command line of sh in a directory of its own.
func launchIn(t *testing.T, script string, ready func(l *launched) error) *launched {
	t.Helper()
	l := &launched{dir: t.TempDir()}
	attr := &syscall.ProcAttr{Dir: l.dir, Env: os.Environ(), Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{Setpgid: true}}
	_, l.err = launch("/bin/sh", []string{"sh", "-c", script}, attr, unix.SIGKILL, func(pid int) error {
		l.pid = pid
		return ready(l)
	})
	t.Cleanup(func() { _ = unix.Kill(-l.pid, unix.SIGKILL) })
	return l
}

// waits checks for a while that a command has not begun.
func (l *launched) waits(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(200 * time.Millisecond); time.Now().Before(end); time.Sleep(time.Millisecond) {
		line, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", l.pid))
		other := len(line) > 0 && !strings.HasPrefix(string(line), "redlock\x00"+ExecVerb+"\x00") // it is empty for a moment
		if err != nil || other || l.has("begun") {
			t.Fatalf("it is %q, %v, and has begun: %v", line, err, l.has("begun"))
		}
	}
	if group, err := unix.Getpgid(l.pid); err != nil || group != l.pid {
		t.Errorf("its group is %d, %v; want its own, %d", group, err, l.pid)
	}
}

// A command does not begin before whoever has to know of it does; then it does.
func TestACommandBeginsWhenItIsKnown(t *testing.T) {
	l := launchIn(t, "echo $$ > begun; exit 3", func(l *launched) error { l.waits(t); return nil })
	if l.err != nil {
		t.Fatal(l.err)
	}
	var status syscall.WaitStatus
	if _, err := syscall.Wait4(l.pid, &status, 0, nil); err != nil || status.ExitStatus() != 3 || !l.has("begun") {
		t.Errorf("got %#x and %v, and that it has begun: %v", status, err, l.has("begun"))
	}
	if text, _ := os.ReadFile(filepath.Join(l.dir, "begun")); strings.TrimSpace(string(text)) != strconv.Itoa(l.pid) {
		t.Errorf("it was %q, and we know %d", text, l.pid)
	}
}

// A command of which nobody may know does not begin, and is gone.
func TestACommandThatIsNotKnownDoesNotBegin(t *testing.T) {
	l := launchIn(t, "echo > begun", func(l *launched) error { l.waits(t); return errors.New("no watchdog") })
	var failed *startError
	if !errors.As(l.err, &failed) || failed.code != CodeFailed || !strings.HasSuffix(l.err.Error(), "no watchdog") {
		t.Errorf("got %v", l.err)
	}
	if err := unix.Kill(l.pid, 0); !errors.Is(err, unix.ESRCH) || l.has("begun") {
		t.Errorf("it is there (%v), and has begun: %v", err, l.has("begun"))
	}
}

// A command that waits to begin ends when who has launched it dies, and by a signal as the command would.
func TestAWaitingCommandEnds(t *testing.T) {
	begin := func(t *testing.T) (*exec.Cmd, *os.File) {
		read, write, err := os.Pipe()
		if err != nil {
			t.Fatal(err)
		}
		null, err := os.Open(os.DevNull)
		if err != nil {
			t.Fatal(err)
		}
		defer null.Close()
		dir := t.TempDir()
		cmd := exec.Command("/proc/self/exe", ExecVerb, "3", "4", "0", "/bin/sh", "sh", "-c", "echo > begun")
		cmd.Dir, cmd.ExtraFiles = dir, []*os.File{read, null}
		group(t, cmd)
		_ = read.Close()
		t.Cleanup(func() {
			_ = write.Close()
			if _, err := os.Stat(filepath.Join(dir, "begun")); err == nil {
				t.Error("it has begun")
			}
		})
		soon(t, "it to listen", func() bool { // to what Go leaves alone by itself, and so to all that come before
			text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
			_, rest, _ := strings.Cut(string(text), "SigCgt:\t")
			word, _, _ := strings.Cut(rest, "\n")
			caught, _ := strconv.ParseUint(word, 16, 64)
			return caught&(1<<(unix.SIGTSTP-1)) != 0
		})
		return cmd, write
	}
	t.Run("pipe", func(t *testing.T) {
		cmd, write := begin(t)
		_ = unix.Kill(cmd.Process.Pid, unix.SIGTSTP)
		_ = write.Close()
		if err := cmd.Wait(); cmd.ProcessState.ExitCode() != CodeFailed {
			t.Errorf("got %v, want %d", err, CodeFailed)
		}
	})
	for _, signal := range []syscall.Signal{unix.SIGINT, unix.SIGQUIT, unix.SIGUSR1} {
		t.Run(signal.String(), func(t *testing.T) {
			cmd, _ := begin(t)
			_ = unix.Kill(cmd.Process.Pid, signal)
			if err := cmd.Wait(); cmd.ProcessState.ExitCode() != killedBy(int(signal)) {
				t.Errorf("got %v, want %d", err, killedBy(int(signal)))
			}
		})
	}
}

// The watchdog knows of a command before that begins: whatever it starts ends with us, although we have not gone any further.
func TestTheWatchdogKnowsTheCommandBeforeItBegins(t *testing.T) {
	dir := t.TempDir()
	cmd := exec.Command(os.Args[0])
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), begins+"=sleep 600 & echo $! $$ > begun.new; mv begun.new begun; sleep 600")
	group(t, cmd)
	var pids []int
	soon(t, "the command", func() bool {
		text, _ := os.ReadFile(filepath.Join(dir, "begun"))
		for _, word := range strings.Fields(string(text)) {
			pid, _ := strconv.Atoi(word)
			pids = append(pids, pid)
		}
		return len(pids) == 2
	})
	t.Cleanup(func() { _ = unix.Kill(pids[0], unix.SIGKILL) })
	_ = cmd.Process.Kill()
	for _, pid := range pids {
		soon(t, "the end of the command", func() bool {
			fields := stat(fmt.Sprintf("/proc/%d/stat", pid))
			return len(fields) == 0 || ended(fields)
		})
	}
}

// A command inherits what it would if nobody stood between: what is open and ignored, the mask of its signals, and nothing else.
func TestACommandInheritsWhatItWouldAnyway(t *testing.T) {
	// The shell reads its status itself: while it starts somebody it blocks signals.
	const script = `cd /proc/self; while read -r line; do case $line in SigBlk*|SigIgn*|SigCgt*) echo "$line";; esac; done < status > "$0"; ulimit -n >> "$0"; for f in fd/*; do test -e "$f" && echo "$f" $(readlink "$f"); done >> "$0"; tr '\0' '\n' < environ | sort >> "$0"`
	extra, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	defer extra.Close()
	for range 3 { // as a shell's 9>file does
		fd, err := unix.Dup(int(extra.Fd()))
		if err != nil {
			t.Fatal(err)
		}
		defer unix.Close(fd)
	}
	seen := func(how string, launch func(argv []string, attr *syscall.ProcAttr) (int, error)) string {
		file := filepath.Join(t.TempDir(), "seen")
		pid, err := launch([]string{"sh", "-c", script, file}, &syscall.ProcAttr{Env: os.Environ(), Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{Setpgid: true}})
		if err != nil {
			t.Fatalf("%s: %v", how, err)
		}
		await(pid)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return strings.ReplaceAll(string(text), file, "FILE")
	}
	want := seen("directly", func(argv []string, attr *syscall.ProcAttr) (int, error) {
		return syscall.ForkExec("/bin/sh", argv, attr)
	})
	got := seen("launched", func(argv []string, attr *syscall.ProcAttr) (int, error) {
		return launch("/bin/sh", argv, attr, unix.SIGKILL, func(int) error { return nil })
	})
	if got != want || strings.Count(got, " "+os.DevNull+"\n") < 3 || !strings.Contains(got, "SigIgn:") {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

// A command that cannot be executed fails as it would if nobody stood between.
func TestWhyACommandCannotBegin(t *testing.T) {
	for path, code := range map[string]int{"/no/such/command": CodeNotFound, os.DevNull: CodeCannotRun, "/": CodeCannotRun} {
		attr := &syscall.ProcAttr{Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{}}
		_, want := syscall.ForkExec(path, []string{"x"}, attr)
		_, err := launch(path, []string{"x"}, attr, 0, func(int) error { return nil })
		var failed *startError
		if !errors.As(err, &failed) || failed.code != code || err.Error() != cannotStart(path, want).Error() {
			t.Errorf("%s: got %v, want %v with %d", path, err, want, code)
		}
	}
}
