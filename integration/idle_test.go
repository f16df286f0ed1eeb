package integration

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/redlock"
)

// A thousand waiters for a thousand keys that are held cost the nodes nothing: they are asked for what the holders need to
// keep their leases, as without the waiters, and there is one connection to listen on.
func TestIdleWaitersAskNothing(t *testing.T) {
	n := sharedNodes(t)
	const count = 1000
	cfg := redlock.Config{TTL: 6 * time.Second}
	holder, waiter := dial(t, n.Addrs(), cfg), dial(t, n.Addrs(), cfg)
	var leases []*redlock.Lease
	for i := range count {
		leases = append(leases, lock(t, holder, fmt.Sprint("key ", i)))
	}
	// Calls of scripts, which is how all is asked, and what INFO itself costs left aside.
	scripts := func() int {
		total := 0
		for _, line := range regexp.MustCompile(`cmdstat_eval(?:sha)?:calls=(\d+)`).FindAllStringSubmatch(n.ask(t, 0, "INFO", "commandstats").(string), -1) {
			calls, _ := strconv.Atoi(line[1])
			total += calls
		}
		return total
	}
	during := func(d time.Duration) int {
		before := scripts()
		time.Sleep(d)
		return scripts() - before
	}
	const long = 10 * time.Second
	during(3 * time.Second)
	alone := during(long)
	ctx := bounded(t, 3*time.Minute)
	var wg sync.WaitGroup
	for i := range count {
		wg.Go(func() {
			lease, err := waiter.Lock(ctx, fmt.Sprint("key ", i))
			if err != nil {
				t.Errorf("key %d: %v", i, err)
				return
			}
			_ = lease.Unlock(ctx)
		})
	}
	during(3 * time.Second)
	beside := during(long)
	t.Logf("%d holders: %d calls of scripts in %v, %.1f a second; beside %d waiters %d", count, alone, long,
		float64(alone)/long.Seconds(), count, beside)
	if alone < 100 || beside > alone*5/4 {
		t.Errorf("got %d calls beside the waiters, want about as many as the %d without", beside, alone)
	}
	listening := strings.Count(n.ask(t, 0, "CLIENT", "LIST", "TYPE", "pubsub").(string), "\n")
	if listening != 1 {
		t.Errorf("got %d connections to listen on, want 1", listening)
	}
	for _, lease := range leases {
		unlock(t, lease)
	}
	wg.Wait()
	n.nothingLeft(t)
}
