// Cron on many hosts: the same job is planned on all of them, and at each tick one of them runs it.
//
//	go run ./examples/cron -addr 127.0.0.1:7101,127.0.0.1:7102,127.0.0.1:7103 -every 10s -job report -- echo hello
//
// At a tick every host tries once to get the job's key. Who gets it runs the job, and keeps the key until three quarters of
// the time to the next tick are over, however soon the job is done, so that a host whose clock is behind finds it held. A job
// that takes longer than to the next tick has that tick skipped: the job never runs twice at a time.
//
// A host that comes later than a quarter of a tick, by its own clock, does not run the job. So each tick has one run at most,
// as long as the hosts' clocks differ by less than half a tick and nobody is killed in between. It has none when too few
// nodes answer, or when the host that runs it is killed; then the next tick may go, too, unless -ttl is over by then.
//
// Who is killed is the command, and not what it has started in its turn: for that there is redlock run.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
)

func main() {
	addrs := flag.String("addr", os.Getenv("REDLOCK_ADDRS"), "Redis masters, `HOST:PORT,...`; else REDLOCK_ADDRS")
	job := flag.String("job", "job", "the job's name: hosts share it")
	every := flag.Duration("every", time.Minute, "the time between ticks")
	ttl := flag.Duration("ttl", 10*time.Second, "how long the job of a killed host keeps the others out")
	flag.Parse()
	if flag.NArg() == 0 || *every <= 0 {
		log.Fatal("say what to run, and how often: cron -every 1m -- COMMAND [ARGUMENT ...]")
	}
	locker, err := redlock.Dial(strings.Split(*addrs, ","), redlock.Config{TTL: *ttl, MaxTTL: max(*ttl, 30*time.Second)})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	plan := plan{locker: locker, key: "cron/" + *job, every: *every, command: flag.Args()}
	plan.keep(ctx)
	if err := locker.Close(); err != nil {
		log.Fatal(err)
	}
}

// plan is a command that is to run at every multiple of a time.
type plan struct {
	locker  *redlock.Locker
	key     string
	every   time.Duration
	command []string
}

// keep runs the command at the ticks that this host gets, until ctx ends.
func (p plan) keep(ctx context.Context) {
	for {
		tick := time.Now().Truncate(p.every).Add(p.every)
		if !sleepUntil(ctx, tick) {
			return
		}
		if err := p.run(ctx, tick); err != nil && ctx.Err() == nil {
			log.Printf("tick %s: %v", tick.Format(time.TimeOnly), err)
		}
	}
}

// run runs the command if this host gets the tick.
func (p plan) run(ctx context.Context, tick time.Time) error {
	lease, err := p.locker.TryLock(ctx, p.key)
	if errors.Is(err, redlock.ErrHeld) {
		return nil // another host has this tick, or is still busy with one before
	}
	if err != nil {
		return err
	}
	defer lease.Unlock(ctx)
	if !time.Now().Before(tick.Add(p.every / 4)) {
		return nil // another one may have run it already
	}
	defer sleepUntil(ctx, tick.Add(p.every/4*3))
	return p.work(ctx, lease, tick)
}

// work runs the command. It is asked to end when ctx ends, and killed at once when the lease is lost: before another host
// can have it.
func (p plan) work(ctx context.Context, lease *redlock.Lease, tick time.Time) error {
	command := exec.CommandContext(ctx, p.command[0], p.command[1:]...)
	command.Cancel = func() error { return command.Process.Signal(syscall.SIGTERM) }
	command.WaitDelay = 5 * time.Second // then it is killed, too
	command.Env = append(os.Environ(), fmt.Sprintf("TICK=%d", tick.Unix()), fmt.Sprintf("REDLOCK_FENCE=%d", lease.Fence()))
	command.Stdout, command.Stderr = os.Stdout, os.Stderr
	if err := command.Start(); err != nil {
		return err
	}
	lost := lease.Context(context.Background())
	defer context.AfterFunc(lost, func() { _ = command.Process.Kill() })()
	return errors.Join(command.Wait(), lease.Err())
}

// sleepUntil reports whether ctx went on until then.
func sleepUntil(ctx context.Context, then time.Time) bool {
	select {
	case <-time.After(time.Until(then)):
		return true
	case <-ctx.Done():
		return false
	}
}
