package check

import (
	"fmt"
	"math/rand"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// long is a correct history of so many holds, of which two in a hundred are lost.
func long(keys, holds int, seed int64) *history.History {
	rng := rand.New(rand.NewSource(seed))
	t := newStory("a", "b", "c")
	t.struck("kill", 1*s, 2*s, []int{0}, history.Away, history.Amnesia)
	t.struck("pause", 7*s, 8*s, []int{1, 2}, history.Away)
	var end time.Duration
	for k := range keys {
		key := fmt.Sprintf("k%d", k)
		now := time.Duration(rng.Intn(100)) * ms
		for i := range holds / keys {
			if k == 0 && i%10 == 0 {
				t.tried(100, "mine", uint64(i+1), now)
			}
			client, fence := rng.Intn(8), uint64(i+1)
			called := max(0, now-time.Duration(rng.Intn(300))*ms)
			from := now + time.Duration(1+rng.Intn(5))*ms
			now = from + time.Duration(10+rng.Intn(60))*ms
			if now > 6900*ms && now < 8100*ms { // nobody has it while b and c are away
				now = 8200 * ms
				continue
			}
			if rng.Intn(50) == 0 {
				t.lost(client, key, fence, called, from, now, now+50*ms)
				now += 101 * ms
				continue
			}
			t.locked(client, key, fence, called, from, now)
		}
		end = max(end, now)
	}
	return t.ended(end)
}

// 50,000 holds of six keys are judged in seconds.
func TestALongHistoryIsJudgedInSeconds(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	h := long(6, 50_000, 1)
	x := wanted()
	x.Outages, x.Patience = false, 0
	one := newRun(h, &x)
	for _, c := range checks(&x) {
		began := time.Now()
		r := Result{Name: c.name}
		c.run(one, &r)
		t.Logf("%s: %v, %s", c.name, round(time.Since(began)), r.Saw)
	}
	began := time.Now()
	v := Judge(h, x)
	took := time.Since(began)
	t.Logf("%d operations in %v", len(h.Operations), round(took))
	if v.Outcome != Pass || took > time.Minute {
		t.Errorf("got %s after %v: %+v", v.Outcome, took, v)
	}
}
