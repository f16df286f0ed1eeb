package integration

import (
	"context"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// fencesVariable says how many acquisitions to make, if not a few.
const fencesVariable = "QUORUMLOCK_FENCES"

// R5: fences of a key only rise, while nodes are killed and come back with and without their memory, and hang. Several
// lockers take turns on every key, as processes would.
func TestFencesRiseThroughFaults(t *testing.T) {
	enough := int64(30_000)
	if text := os.Getenv(fencesVariable); text != "" {
		var err error
		if enough, err = strconv.ParseInt(text, 10, 64); err != nil {
			t.Fatalf("%s: %v", fencesVariable, err)
		}
	}
	n := start(t, cluster.Spec{Nodes: 5, Persist: cluster.PersistEverySec})
	var raises, acquired atomic.Int64
	cfg := short(redlock.Fenced)
	cfg.Observer = &redlock.Observer{Answered: func(a redlock.Answer) {
		if a.Op == "raise" && a.Answers == 1 {
			raises.Add(1)
		}
	}}
	lockers := []*redlock.Locker{dial(t, n.Addrs(), cfg), dial(t, n.Addrs(), cfg), using(t, n.Addrs(), cfg)}
	ctx, stop := context.WithCancel(t.Context())
	var working sync.WaitGroup
	for w := range 64 {
		working.Go(func() {
			key, last := fmt.Sprintf("fences/%d", w), uint64(0)
			for turn := w; ctx.Err() == nil && !t.Failed(); turn++ {
				lease, err := lockers[turn%len(lockers)].Lock(ctx, key)
				if err != nil {
					if ctx.Err() == nil {
						t.Errorf("%s: %v", key, err)
					}
					return
				}
				if lease.Fence() <= last {
					t.Errorf("%s: got the fence %d after %d", key, lease.Fence(), last)
				}
				last = lease.Fence()
				acquired.Add(1)
				_ = lease.Unlock(ctx) // a node may be dying
			}
		})
	}
	faults := map[string]int{}
	for turn := 0; acquired.Load() < enough && !t.Failed(); turn++ {
		node := turn % 5
		switch what := []string{"kill, keep", "hang", "kill, forget"}[turn%3]; what {
		case "hang":
			if err := n.Node(node).Pause(t.Context()); err != nil {
				t.Log(err) // an engine under load may fail to freeze a container
				continue
			}
			time.Sleep(300 * time.Millisecond)
			n.resume(t, node)
			faults[what]++
		default:
			memory := cluster.Keep
			if what == "kill, forget" {
				memory = cluster.Forget
			}
			n.kill(t, node)
			time.Sleep(100 * time.Millisecond)
			n.revive(t, memory, node)
			faults[what]++
		}
		time.Sleep(1500 * time.Millisecond) // until it votes again
	}
	stop()
	working.Wait()
	t.Logf("%d acquisitions of 64 keys through %v; %d of them needed a second round trip (%.3f %%)",
		acquired.Load(), faults, raises.Load(), 100*float64(raises.Load())/float64(acquired.Load()))
	if len(faults) < 3 {
		t.Errorf("nothing was proved: %v", faults)
	}
}
