package integration

import (
	"fmt"
	"strings"
	"testing"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// A server before Redis 6.2 does not know SET … GET, by which counters are read and written at once; fences rise there by
// two commands. Such a server is imitated by a user who may not use the one, and may use each of the two.
func TestFencesRiseOnAnOldServer(t *testing.T) {
	t.Parallel()
	n := processes(t, cluster.Spec{Nodes: 3})
	n.tell(t, n.all(), "ACL", "SETUSER", "old", "reset", "on", ">secret", "+@all", "-eval", "-evalsha",
		"~key*", "~first", "~"+library+"meta", "~"+library+"gone", "~"+library+"probe", "%W~"+library+"fence:*",
		"(+get %R~"+library+"fence:*)", "(+eval +evalsha ~*)")
	var addrs []string
	for _, addr := range n.Addrs() {
		addrs = append(addrs, "redis://old:secret@"+addr)
	}
	l, now := dial(t, addrs, short(redlock.Fenced)), dial(t, n.Addrs(), short(redlock.Fenced))
	last := uint64(0)
	for turn := range 40 {
		by := l
		if turn%4 == 3 {
			by = now
		}
		lease := lock(t, by, "key")
		if lease.Fence() <= last {
			t.Errorf("turn %d: got the fence %d after %d", turn, lease.Fence(), last)
		}
		last = lease.Fence()
		unlock(t, lease)
	}
	// Also where the counter is ahead of every proposal, so that what is stored must be read.
	for _, node := range n.all() {
		counter := n.ask(t, node, "GET", library+"fence:{key}").(string)
		ahead := "9" + counter[1:]
		n.ask(t, node, "SET", library+"fence:{key}", ahead)
	}
	lease := lock(t, l, "key")
	if lease.Fence()>>6 < 9e13 {
		t.Errorf("got the fence %d, want one beyond the counters", lease.Fence())
	}
	unlock(t, lease)

	log := n.ask(t, 0, "ACL", "LOG")
	if text := strings.ToLower(fmt.Sprint(log)); !strings.Contains(text, "fence:{key}") || !strings.Contains(text, "lua") {
		t.Errorf("nothing was proved: SET … GET was not refused: %s", text)
	}
}
