// One worker per tenant: every tenant is served by one process at a time, and the tenants spread over the processes.
//
//	go run ./examples/tenants -addr 127.0.0.1:7101,127.0.0.1:7102,127.0.0.1:7103 -max 2 red green blue
//
// Each process serves -max tenants at most, whichever it gets: with as many processes as it takes to have room for all, each
// tenant has a worker, and when a process ends, those who have room left take its tenants over. Room for all is needed
// without the processes that may fail, as well.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"math/rand/v2"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
)

func main() {
	host, _ := os.Hostname()
	addrs := flag.String("addr", os.Getenv("REDLOCK_ADDRS"), "Redis masters, `HOST:PORT,...`; else REDLOCK_ADDRS")
	name := flag.String("name", fmt.Sprintf("%s/%d", host, os.Getpid()), "what this process calls itself")
	most := flag.Int("max", 2, "how many tenants this process serves at most")
	look := flag.Duration("look", 2*time.Second, "how often a process with room left looks for a tenant without a worker")
	ttl := flag.Duration("ttl", 10*time.Second, "how long the tenants of a killed process have no worker")
	flag.Parse()
	if flag.NArg() == 0 {
		log.Fatal("say which tenants there are: tenants TENANT ...")
	}
	locker, err := redlock.Dial(strings.Split(*addrs, ","), redlock.Config{TTL: *ttl, MaxTTL: max(*ttl, 30*time.Second)})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	p := process{locker: locker, name: *name, tenants: flag.Args(), look: *look}
	var workers sync.WaitGroup
	for range *most {
		workers.Go(func() { p.work(ctx) })
	}
	workers.Wait()
	if err := locker.Close(); err != nil {
		log.Fatal(err)
	}
}

// process is what its workers share.
type process struct {
	locker  *redlock.Locker
	name    string
	tenants []string
	look    time.Duration
}

// work is one worker: it serves one tenant after the other, each for as long as it can, until ctx ends.
func (p process) work(ctx context.Context) {
	for ctx.Err() == nil {
		lease, err := p.find(ctx)
		if lease != nil {
			p.serve(lease.Context(ctx), lease)
			continue
		}
		if err != nil && ctx.Err() == nil {
			log.Print(err)
		}
		select {
		case <-time.After(p.look/2 + rand.N(p.look)): // not all at once
		case <-ctx.Done():
		}
	}
}

// find returns the lease of a tenant that has no worker; nil if there is none. It tries them in an order of its own, so that
// processes that start together do not take the same ones from each other.
func (p process) find(ctx context.Context) (*redlock.Lease, error) {
	var failed error
	for _, i := range rand.Perm(len(p.tenants)) {
		lease, err := p.locker.TryLock(ctx, "tenants/"+p.tenants[i])
		if err == nil {
			return lease, nil
		}
		if !errors.Is(err, redlock.ErrHeld) {
			failed = cmp.Or(failed, err)
		}
	}
	return nil, failed
}

// serve does a tenant's work until ctx ends: with the lease, or with the process.
func (p process) serve(ctx context.Context, lease *redlock.Lease) {
	tenant := strings.TrimPrefix(lease.Key(), "tenants/")
	fmt.Printf("%s serves %s, fence %d\n", p.name, tenant, lease.Fence())
	<-ctx.Done() // here the tenant's work is done
	fmt.Printf("%s leaves %s\n", p.name, tenant)
	if err := lease.Unlock(ctx); err != nil {
		log.Printf("tenant %s: %v", tenant, err)
	}
}
