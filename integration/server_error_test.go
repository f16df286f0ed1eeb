package integration

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/redlock"
)

// atOnce is how soon a Lock that can never succeed must return; its context would let it wait far longer.
const atOnce = 5 * time.Second

// lockFails checks that a Lock which may wait for ever returns an error soon, and returns that.
func lockFails(t *testing.T, l *redlock.Locker, key string) error {
	t.Helper()
	ctx := bounded(t, atOnce)
	lease, err := l.Lock(ctx, key)
	switch {
	case err == nil:
		t.Fatalf("got owner %s, want an error", lease.Owner())
	case ctx.Err() != nil:
		t.Fatalf("it waited: %v", err)
	}
	return err
}

// says checks that err contains each text.
func says(t *testing.T, err error, texts ...string) {
	t.Helper()
	if err == nil {
		t.Errorf("got no error, want one that says %q", texts)
		return
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			t.Errorf("got %q, want it to say %q", err, text)
		}
	}
}

// namesMajority checks that err names at least as many nodes as decide.
func namesMajority(t *testing.T, err error, n *nodes) {
	t.Helper()
	count := 0
	for _, addr := range n.Addrs() {
		if strings.Contains(err.Error(), addr) {
			count++
		}
	}
	if need := len(n.Addrs())/2 + 1; count < need {
		t.Errorf("got %d nodes named, want at least %d: %v", count, need, err)
	}
}

// A key that holds something else than a lock on a majority of the nodes fails Lock at once, by name, and is left as it
// was.
func TestKeyThatIsNoLock(t *testing.T) {
	n := sharedNodes(t)
	eachMode(t, func(t *testing.T, mode redlock.Mode) {
		l := dial(t, n.Addrs(), redlock.Config{Mode: mode})
		n.tell(t, n.all(), "RPUSH", "list", "a", "b")
		defer n.tell(t, n.all(), "DEL", "list")
		err := lockFails(t, l, "list")
		says(t, err, `"list"`, "WRONGTYPE")
		namesMajority(t, err, n)
		for _, index := range n.all() {
			if got := fmt.Sprint(n.ask(t, index, "LRANGE", "list", 0, -1)); got != "[a b]" {
				t.Errorf("node %d: got %v, want the list as it was", index, got)
			}
		}
	})
}

// Nodes that want a password, or another one, fail Lock at once; the error names them and repeats no password. With the
// right one everything works.
func TestPasswords(t *testing.T) {
	t.Parallel()
	const right, wrong = "open-sesame", "hunter2"
	n := start(t, cluster.Spec{Nodes: 3})
	for index, c := range n.direct {
		// In this order: the connection that sets it stays authenticated.
		n.ask(t, index, "CONFIG", "SET", "requirepass", right)
		if err := c.Do(t.Context(), "GET", "x").Err(); err != nil && err.Error() != "redis: nil" {
			t.Fatal(err)
		}
	}
	with := func(password string) []string {
		var addrs []string
		for _, addr := range n.Addrs() {
			addrs = append(addrs, "redis://:"+password+"@"+addr)
		}
		return addrs
	}
	eachMode(t, func(t *testing.T, mode redlock.Mode) {
		for want, addrs := range map[string][]string{"NOAUTH": n.Addrs(), "WRONGPASS": with(wrong)} {
			err := lockFails(t, dial(t, addrs, redlock.Config{Mode: mode}), "key")
			says(t, err, want)
			namesMajority(t, err, n)
			if strings.Contains(err.Error(), wrong) || strings.Contains(err.Error(), right) {
				t.Errorf("got a password in %q", err)
			}
		}
		l := dial(t, with(right), redlock.Config{Mode: mode})
		lease := lock(t, l, "key")
		n.heldBy(t, "key", lease.Owner(), n.all()...)
		if err := lease.Extend(t.Context()); err != nil {
			t.Error(err)
		}
		unlock(t, lease)
		n.nothingLeft(t)
	})
}

// A user without the right to run scripts can lock, extend and unlock in mode Plain, by transactions; in mode Fenced
// Lock fails at once and says what is forbidden.
func TestUserWithoutScripts(t *testing.T) {
	n := sharedNodes(t)
	n.tell(t, n.all(), "ACL", "SETUSER", "plain", "on", ">secret", "~*", "&*", "+@all", "-@scripting")
	defer n.tell(t, n.all(), "ACL", "DELUSER", "plain")
	var addrs []string
	for _, addr := range n.Addrs() {
		addrs = append(addrs, "redis://plain:secret@"+addr)
	}
	err := lockFails(t, dial(t, addrs, redlock.Config{}), "key")
	says(t, err, "NOPERM")
	namesMajority(t, err, n)
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("got a password in %q", err)
	}

	cfg := redlock.Config{Mode: redlock.Plain, TTL: 500 * time.Millisecond}
	l, rival := dial(t, addrs, cfg), dial(t, n.Addrs(), cfg)
	for range 3 {
		lease := tryLock(t, l, "key")
		n.heldBy(t, "key", lease.Owner(), n.all()...)
		if err := lease.Extend(t.Context()); err != nil {
			t.Error(err)
		}
		for deadline := time.Now().Add(2 * cfg.TTL); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			held(t, lease, rival)
		}
		unlock(t, lease)
		n.nothingLeft(t)
		cycle(t, rival, "key")
	}
}

// A fault is what an operator, or memory, or somebody's script can do to a node that runs on.
type fault struct {
	name  string
	says  string // in the error when a majority has it
	begin func(t *testing.T, n *nodes, which []int)
	end   func(t *testing.T, n *nodes, which []int)
}

var faults = []fault{
	{
		name: "READONLY", says: "READONLY",
		begin: func(t *testing.T, n *nodes, which []int) { n.tell(t, which, "REPLICAOF", "127.0.0.1", "1") },
		end:   func(t *testing.T, n *nodes, which []int) { n.tell(t, which, "REPLICAOF", "NO", "ONE") },
	}, {
		name: "OOM", says: "OOM",
		begin: func(t *testing.T, n *nodes, which []int) { n.tell(t, which, "CONFIG", "SET", "maxmemory", "1") },
		end:   func(t *testing.T, n *nodes, which []int) { n.tell(t, which, "CONFIG", "SET", "maxmemory", "0") },
	}, {
		name: "writes paused", says: "no answer",
		begin: func(t *testing.T, n *nodes, which []int) { n.tell(t, which, "CLIENT", "PAUSE", "60000", "WRITE") },
		end:   func(t *testing.T, n *nodes, which []int) { n.tell(t, which, "CLIENT", "UNPAUSE") },
	}, {
		name: "BUSY", says: "BUSY",
		begin: func(t *testing.T, n *nodes, which []int) {
			for _, index := range which {
				n.ask(t, index, "CONFIG", "SET", "lua-time-limit", "50")
				loop := n.direct[index].WithTimeout(time.Minute)
				go loop.Do(t.Context(), "EVAL", "while true do end", "0") // SCRIPT KILL is its answer
			}
			busy := look(n.Cluster) // the other connection waits for the script
			defer busy.lookAway()
			for _, index := range which {
				eventually(t, patience, func() error {
					if err := busy.direct[index].Get(t.Context(), "x").Err(); err == nil || !strings.HasPrefix(err.Error(), "BUSY") {
						return fmt.Errorf("node %d: got %v, want BUSY", index, err)
					}
					return nil
				})
			}
		},
		end: func(t *testing.T, n *nodes, which []int) {
			idle := look(n.Cluster)
			defer idle.lookAway()
			idle.tell(t, which, "SCRIPT", "KILL")
		},
	},
}

// A minority that is a replica, is out of memory, has its writes paused or is busy with a script costs nothing: leases
// live on, first rounds win, and when it passes those nodes take part again with nothing left over. A majority in that
// state is no quorum, and the error says why; nothing is "held".
func TestNodesThatRunAndRefuse(t *testing.T) {
	t.Parallel()
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			t.Parallel()
			n := start(t, cluster.Spec{})
			rival := dial(t, n.Addrs(), short(redlock.Fenced))
			var lockers []*redlock.Locker
			var across []*redlock.Lease
			for _, mode := range modes {
				l := dial(t, n.Addrs(), short(mode))
				lockers = append(lockers, l)
				lease := lock(t, l, "across "+name(mode))
				n.heldBy(t, lease.Key(), lease.Owner(), n.all()...)
				across = append(across, lease)
			}
			few, many := []int{0, 3}, []int{0, 3, 4}

			f.begin(t, n, few)
			for deadline := time.Now().Add(1500 * time.Millisecond); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
				for i, l := range lockers {
					held(t, across[i], rival)
					unlock(t, tryLock(t, l, "key "+name(modes[i])))
				}
			}
			f.end(t, n, few)
			takesPart(t, n, lockers...)
			for _, lease := range across {
				held(t, lease, rival)
				unlock(t, lease)
			}
			n.nothingLeft(t)

			f.begin(t, n, many)
			for i, l := range lockers {
				lease, err := l.TryLock(t.Context(), fmt.Sprint("refused ", i))
				if lease != nil || errors.Is(err, redlock.ErrHeld) {
					t.Errorf("got %v, %v", lease, err)
				}
				wantErr(t, err, redlock.ErrNoQuorum)
				if err != nil {
					says(t, err, f.says)
					named(t, err, n, many, []int{1, 2})
				}
			}
			f.end(t, n, many)
			n.nothingLeft(t)
			takesPart(t, n, lockers...)
		})
	}
}

// A lease is extended and unlocked on nodes that are out of memory: neither takes any.
func TestLeaseOutlivesMemory(t *testing.T) {
	t.Parallel()
	n := start(t, cluster.Spec{Nodes: 3})
	rival := dial(t, n.Addrs(), short(redlock.Fenced))
	var leases []*redlock.Lease
	for _, mode := range modes {
		l := dial(t, n.Addrs(), short(mode))
		cycle(t, l, "key") // the nodes know the scripts
		leases = append(leases, lock(t, l, name(mode)))
	}
	n.tell(t, n.all(), "CONFIG", "SET", "maxmemory", "1")
	for deadline := time.Now().Add(2 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		for _, lease := range leases {
			held(t, lease, rival)
		}
	}
	for _, lease := range leases {
		if err := lease.Extend(t.Context()); err != nil {
			t.Error(err)
		}
		unlock(t, lease)
	}
	n.nothingLeft(t)
}

// A minority that is flushed while a lease is held does not end it, and soon holds it again.
func TestFlushedMinorityHoldsTheLeaseAgain(t *testing.T) {
	t.Parallel()
	n := start(t, cluster.Spec{})
	rival := dial(t, n.Addrs(), short(redlock.Fenced))
	var leases []*redlock.Lease
	for _, mode := range modes {
		lease := lock(t, dial(t, n.Addrs(), short(mode)), name(mode))
		n.heldBy(t, lease.Key(), lease.Owner(), n.all()...)
		leases = append(leases, lease)
	}
	for _, flushed := range [][]int{{1, 2}, {3, 4}, {0, 1}} {
		n.tell(t, flushed, "FLUSHALL")
		for deadline := time.Now().Add(500 * time.Millisecond); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
			for _, lease := range leases {
				if err := lease.Err(); err != nil {
					t.Fatalf("%s: %v", lease.Key(), err)
				}
			}
		}
		for _, lease := range leases {
			n.heldBy(t, lease.Key(), lease.Owner(), n.all()...)
			held(t, lease, rival)
		}
	}
	for _, lease := range leases {
		unlock(t, lease)
	}
	n.nothingLeft(t)
}
