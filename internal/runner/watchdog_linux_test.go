package runner

import (
	"bytes"
	"encoding/binary"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// watched starts a process, and a watchdog's loop over it. orders are what the loop is told; it returns what the loop has
// said when it is over, and the signal that the process died of.
func watched(t *testing.T, orders func(pid int, tell func(in time.Duration, signal syscall.Signal), end func())) (said string, signal syscall.Signal) {
	t.Helper()
	cmd := exec.Command("sleep", "600")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	end := func() { _ = write.Close() }
	orders(cmd.Process.Pid, func(in time.Duration, signal syscall.Signal) {
		at := machineNow().add(in)
		o := order{Target: int64(cmd.Process.Pid), Signal: int64(signal), Boot: int64(at.boot), Wall: int64(at.wall)}
		if err := binary.Write(write, binary.LittleEndian, o); err != nil {
			t.Fatal(err)
		}
	}, end)
	var out bytes.Buffer
	if err := obey(read, &out); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	end()
	return out.String(), cmd.ProcessState.Sys().(syscall.WaitStatus).Signal()
}

// The command is signalled when its time has come and nobody has said anything else.
func TestWatchdogStrikesWhenNobodyGoesOn(t *testing.T) {
	said, signal := watched(t, func(_ int, tell func(time.Duration, syscall.Signal), _ func()) {
		tell(20*time.Millisecond, syscall.SIGKILL)
	})
	if want := "redlock: run: redlock does not go on, and its lease ends: KILL to its command\n"; said != want || signal != syscall.SIGKILL {
		t.Errorf("got %q and %v, want %q", said, signal, want)
	}
}

// It is signalled when whoever gave the orders is gone, however much time there is.
func TestWatchdogStrikesWhenRedlockIsGone(t *testing.T) {
	said, signal := watched(t, func(_ int, tell func(time.Duration, syscall.Signal), end func()) {
		tell(time.Hour, syscall.SIGUSR1)
		end()
	})
	if want := "redlock: run: redlock has died: USR1 to its command\n"; said != want || signal != syscall.SIGUSR1 {
		t.Errorf("got %q and %v, want %q", said, signal, want)
	}
}

// A watchdog that is late reads first what it was told meanwhile: the lease may have been extended.
func TestLateWatchdogReadsFirst(t *testing.T) {
	said, _ := watched(t, func(_ int, tell func(time.Duration, syscall.Signal), end func()) {
		for range 5 {
			tell(-time.Second, syscall.SIGKILL)
		}
		tell(time.Hour, syscall.SIGKILL)
		end()
	})
	if !strings.Contains(said, "has died") {
		t.Errorf("got %q, want it to strike only at the end of the pipe", said)
	}
}

// The earlier of two clocks counts: one of them may have stood still.
func TestInstantOfTwoClocks(t *testing.T) {
	at := instant{boot: 100, wall: 1000}
	for _, c := range []struct {
		now  instant
		want time.Duration
	}{{instant{90, 990}, 10}, {instant{90, 1005}, -5}, {instant{105, 900}, -5}} {
		if got := at.until(c.now); got != c.want {
			t.Errorf("at %v: got %v, want %v", c.now, got, c.want)
		}
	}
}
