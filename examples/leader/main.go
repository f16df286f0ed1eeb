// Leader election: of all processes that run this, one at a time leads.
//
//	go run ./examples/leader -addr 127.0.0.1:7101,127.0.0.1:7102,127.0.0.1:7103
//
// The leader gives way when it is interrupted, and the next one leads at once; when it is killed, the next one leads when
// its lease has expired, within -ttl. A leader that loses the nodes stops before anybody else can lead.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
)

func main() {
	host, _ := os.Hostname()
	addrs := flag.String("addr", os.Getenv("REDLOCK_ADDRS"), "Redis masters, `HOST:PORT,...`; else REDLOCK_ADDRS")
	name := flag.String("name", fmt.Sprintf("%s/%d", host, os.Getpid()), "what this process calls itself")
	ttl := flag.Duration("ttl", 10*time.Second, "how long a killed leader keeps the others out")
	every := flag.Duration("every", time.Second, "how often the leader does its work")
	flag.Parse()

	locker, err := redlock.Dial(strings.Split(*addrs, ","), redlock.Config{TTL: *ttl, MaxTTL: max(*ttl, 30*time.Second)})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	err = campaign(ctx, locker, *name, *every)
	if err := cmp.Or(err, locker.Close()); err != nil {
		log.Fatal(err)
	}
}

// campaign leads again and again, until ctx ends.
func campaign(ctx context.Context, locker *redlock.Locker, name string, every time.Duration) error {
	for {
		err := locker.Do(ctx, "leader", func(ctx context.Context, lease *redlock.Lease) error {
			fmt.Printf("%s leads, fence %d\n", name, lease.Fence())
			defer fmt.Printf("%s leads no more\n", name)
			return lead(ctx, lease, name, every)
		})
		switch {
		case ctx.Err() != nil:
			return nil // interrupted: what we held has been given back
		case errors.Is(err, redlock.ErrLost):
			log.Print("the lease was lost, and with it the lead: ", err) // and we stand again
		default:
			return err
		}
	}
}

// lead does what only the leader may, until ctx ends: with the lease, or with the process. It asks the lease before it works:
// when the process was stopped for a while, ctx may not know yet that another one leads.
func lead(ctx context.Context, lease *redlock.Lease, name string, every time.Duration) error {
	for work := time.NewTicker(every); ; {
		select {
		case <-work.C:
			if lease.Err() != nil || ctx.Err() != nil {
				continue // ctx ends any moment
			}
			fmt.Printf("%s works\n", name)
		case <-ctx.Done():
			work.Stop()
			return context.Cause(ctx)
		}
	}
}
