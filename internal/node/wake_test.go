package node

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	peers "github.com/alicebob/miniredis/v2/server"
)

// hearing is a process that listens to one node, and what it has heard.
type hearing struct {
	*Node
	t    *testing.T
	said chan string
}

func (h *hearing) Hears(_ int, does bool) { h.said <- fmt.Sprint("hears ", does) }
func (h *hearing) Free(_ int, key string) { h.said <- "free " + key }
func (h *hearing) Kept(_ int, key string, left time.Duration) {
	h.said <- fmt.Sprint("kept ", key, " ", left)
}
func (h *hearing) enroll(key string, since int64) (left time.Duration, err error) {
	h.t.Helper()
	r := ask(h.t, h.Node, Command{Op: Enroll, Key: key, Owner: h.cfg.Process, Line: Line(key), Since: since})
	return r.Left, r.Err
}

// next waits for what is heard next.
func (h *hearing) next(want string) {
	h.t.Helper()
	select {
	case got := <-h.said:
		if got != want {
			h.t.Errorf("%s heard %q, want %q", h.cfg.Process, got, want)
		}
	case <-time.After(10 * time.Second):
		h.t.Fatalf("%s heard nothing, want %q", h.cfg.Process, want)
	}
}

// silent looks that nothing more has been heard. An answer of the node comes after what it has announced before.
func (h *hearing) silent() {
	h.t.Helper()
	if _, err := h.enroll("another key", 1); err != nil {
		h.t.Error(err)
	}
	select {
	case got := <-h.said:
		h.t.Errorf("%s heard %q, want nothing", h.cfg.Process, got)
	default:
	}
}

// deaf has it listen no more, and waits until the server knows that too.
func (h *hearing) deaf(m *miniredis.Miniredis) {
	h.t.Helper()
	h.Hush()
	h.next("hears false")
	channel := wake + h.cfg.Process
	for began := time.Now(); m.PubSubNumSub(channel)[channel] > 0; time.Sleep(time.Millisecond) {
		if time.Since(began) > 10*time.Second {
			h.t.Fatalf("the server still has %s listen", h.cfg.Process)
		}
	}
}

// grant asks for a grant of the key.
func (h *hearing) grant(key, owner string) Reply {
	return ask(h.t, h.Node, Command{Op: Grant, Key: key, Owner: owner, Counter: Counter(key), TTL: 10 * time.Second})
}

func (h *hearing) release(key, owner string) bool {
	return ask(h.t, h.Node, Command{Op: Release, Key: key, Owner: owner}).Yes
}

// processes returns processes of the given names that listen to a server.
func processes(t *testing.T, names ...string) (*miniredis.Miniredis, map[string]*hearing) {
	t.Helper()
	m := miniredis.RunT(t)
	all := make(map[string]*hearing)
	for _, name := range names {
		h := &hearing{t: t, said: make(chan string, 100)}
		cfg := config(true)
		cfg.Process, cfg.Listener = name, h
		h.Node = dial(t, m.Addr(), cfg)
		h.Listen()
		h.next("hears true")
		all[name] = h
	}
	return m, all
}

// The key goes to who has waited longest, by its own word, and to nobody who has not waited; whoever is behind is told
// when to look.
func TestLongestWaiterIsWoken(t *testing.T) {
	m, p := processes(t, "a", "b", "c")
	if !p["a"].grant("k", "owner a").Yes {
		t.Fatal("no grant")
	}
	for name, since := range map[string]int64{"b": 200, "c": 100} {
		if left, err := p[name].enroll("k", since); err != nil || left != 10*time.Second {
			t.Errorf("got %v, %v, want 10s", left, err)
		}
	}
	if !p["a"].release("k", "owner a") {
		t.Fatal("no release")
	}
	p["c"].next("free k")
	p["b"].next("kept k 200ms")
	if r := p["a"].grant("k", "again"); r.Yes || r.Left <= 0 || r.Left > 200*time.Millisecond {
		t.Errorf("got %+v for who had the key before, want a refusal for up to 200ms", r)
	}
	if r := p["c"].grant("k", "owner c"); !r.Yes || r.Fence == 0 {
		t.Errorf("got %+v for who was woken, want a grant", r)
	}
	if got, _ := m.Get("k"); got != "owner c" {
		t.Errorf("got %q under the key, want the owner alone", got)
	}
	if got := m.TTL("k"); got != 10*time.Second {
		t.Errorf("got a TTL of %v, want that of the grant", got)
	}
	p["a"].silent()
	// Of the line there is left who waits, and nothing when nobody does.
	p["c"].release("k", "owner c")
	p["b"].next("free k")
	if m.Exists(Line("k")) {
		t.Error("got a line with nobody in it")
	}
}

// Whoever waits is told of every extend.
func TestExtendIsToldToAll(t *testing.T) {
	_, p := processes(t, "a", "b", "c")
	p["a"].grant("k", "owner a")
	_, _ = p["b"].enroll("k", 1)
	_, _ = p["c"].enroll("k", 2)
	ask(t, p["a"].Node, Command{Op: Extend, Key: "k", Owner: "owner a", TTL: 7 * time.Second})
	p["b"].next("kept k 7s")
	p["c"].next("kept k 7s")
	ask(t, p["a"].Node, Command{Op: Extend, Key: "k", Owner: "nobody", TTL: 7 * time.Second})
	p["b"].silent()
}

// Who has gone without a word is passed over, and so is who leaves, also when it has been woken already.
func TestWhoHasGoneIsPassedOver(t *testing.T) {
	m, p := processes(t, "a", "gone", "left", "woken", "last")
	p["a"].grant("k", "owner a")
	for i, name := range []string{"gone", "left", "woken", "last"} {
		_, _ = p[name].enroll("k", int64(i))
	}
	p["gone"].deaf(m)
	ask(t, p["left"].Node, Command{Op: Leave, Key: "k", Owner: "left", Line: Line("k")})
	p["a"].release("k", "owner a")
	p["woken"].next("free k")
	p["last"].next("kept k 200ms")
	ask(t, p["woken"].Node, Command{Op: Leave, Key: "k", Owner: "woken", Line: Line("k")})
	p["last"].next("free k")
	// One that is enrolled again has not been woken by enough nodes, and frees this one.
	if left, err := p["last"].enroll("k", 5); err != nil || left != 0 || m.Exists("k") {
		t.Errorf("got %v, %v, and the key there %v; want it free", left, err, m.Exists("k"))
	}
}

// Who is woken by a few nodes only, because somebody who has waited longer came late into the line there, hands the key on
// to him when it asks again, and stays in the line.
func TestSplitWakeUpsGoToWhoHasWaitedLongest(t *testing.T) {
	m, p := processes(t, "a", "young", "old")
	p["a"].grant("k", "owner a")
	_, _ = p["young"].enroll("k", 200)
	p["a"].release("k", "owner a")
	p["young"].next("free k")
	_, _ = p["old"].enroll("k", 100)
	if left, err := p["young"].enroll("k", 200); err != nil || left != 200*time.Millisecond {
		t.Errorf("got %v, %v, want the key kept for 200ms", left, err)
	}
	p["old"].next("free k")
	if got, _ := m.Get("k"); got != "quorumlock:turn:old" {
		t.Errorf("got %q under the key, want it kept for the one who has waited longest", got)
	}
	if got, _ := m.ZMembers(Line("k")); !slices.Equal(got, []string{"young"}) {
		t.Errorf("got a line of %v, want the other one alone", got)
	}
	p["young"].silent()
}

// Who enrolls in the script that gives the key back looks after who is woken: the second in the line is told nothing. It is
// told when that one leaves, or is the first itself.
func TestTheSecondIsToldWhereNobodyElseLooks(t *testing.T) {
	_, p := processes(t, "a", "b", "c")
	yield := func(since int64) {
		t.Helper()
		if !p["a"].grant("k", "owner a").Yes {
			t.Fatal("no grant")
		}
		_, _ = p["b"].enroll("k", 100)
		_, _ = p["c"].enroll("k", 200)
		p["a"].exchange(callsFor(p["a"].Node, Command{Op: Enroll, Key: "k", Owner: "a", Line: Line("k"), Since: since},
			Command{Op: Release, Key: "k", Owner: "owner a"}))
	}
	leave := func(name string) {
		ask(t, p[name].Node, Command{Op: Leave, Key: "k", Owner: name, Line: Line("k")})
	}
	yield(300)
	p["b"].next("free k")
	p["c"].silent()
	leave("a")
	p["c"].next("kept k 200ms")
	leave("b")
	p["c"].next("free k")
	leave("c")

	yield(50)
	p["a"].next("free k")
	p["b"].next("kept k 200ms")
}

// Whoever enrolls is told whether another process stands in the line.
func TestEnrollingTellsWhetherOneIsAlone(t *testing.T) {
	_, p := processes(t, "a", "b", "c")
	p["a"].grant("k", "owner a")
	for _, c := range []struct {
		name string
		want bool
	}{{"b", true}, {"b", true}, {"c", false}, {"b", false}} {
		r := ask(t, p[c.name].Node, Command{Op: Enroll, Key: "k", Owner: c.name, Line: Line("k"), Since: 1})
		if r.Err != nil || r.Yes || r.Alone != c.want {
			t.Errorf("%s got %+v, want alone %v", c.name, r, c.want)
		}
	}
}

// A note on the server says that somebody waits; without it nobody is looked for, and it is gone once nobody listens.
func TestServerNotesThatSomebodyWaits(t *testing.T) {
	m, p := processes(t, "a", "b")
	lock := func() {
		t.Helper()
		if !p["a"].grant("k", "owner a").Yes || !p["a"].release("k", "owner a") {
			t.Fatal("no lock")
		}
	}
	var asked []string
	m.Server().SetPreHook(func(_ *peers.Peer, cmd string, _ ...string) bool {
		asked = append(asked, cmd)
		return false
	})
	release := func() []string {
		t.Helper()
		if !p["a"].grant("k", "owner a").Yes {
			t.Fatal("no grant")
		}
		asked = nil
		p["a"].release("k", "owner a")
		return asked
	}
	lock()
	if m.Exists(waiting) {
		t.Error("got a note before anybody waited")
	}
	if got := release(); slices.Contains(got, "PUBSUB") {
		t.Errorf("got the commands %q without a note, want none about who listens", got)
	}
	_, _ = p["b"].enroll("another", 1)
	lock()
	if !m.Exists(waiting) {
		t.Error("got no note while somebody waits")
	}
	if got := release(); !slices.Contains(got, "PUBSUB") {
		t.Errorf("got the commands %q with a note, want one about who listens", got)
	}
	p["a"].deaf(m)
	p["b"].deaf(m)
	lock()
	if m.Exists(waiting) {
		t.Error("got a note while nobody listens")
	}
	lock()
}

// Releases that are gathered into one script wake everybody whose key was given back, and nobody else; so does the undo of a
// lost round.
func TestGatheredReleasesWake(t *testing.T) {
	_, p := processes(t, "a", "b")
	for _, key := range []string{"k1", "k2", "k3"} {
		p["a"].grant(key, "owner a")
		_, _ = p["b"].enroll(key, 1)
	}
	calls := callsFor(p["a"].Node, Command{Op: Release, Key: "k1", Owner: "owner a"}, Command{Op: Release, Key: "k2", Owner: "somebody"},
		Command{Op: Release, Key: "k3", Owner: "owner a"})
	p["a"].exchange(calls)
	p["b"].next("free k1")
	p["b"].next("free k3")
	p["b"].silent()
}

// A server that nobody listens to, or that forbids to publish, enrolls nobody: it could not wake them.
func TestNobodyIsEnrolledWhoCannotBeWoken(t *testing.T) {
	m, p := processes(t, "a")
	p["a"].deaf(m)
	p["a"].grant("k", "owner a")
	if _, err := p["a"].enroll("k", 1); err == nil || m.Exists(Line("k")) {
		t.Errorf("got %v, and a line %v; want an error and no line", err, m.Exists(Line("k")))
	}
}

// There is one connection to listen on, however many listen, and none a while after the last.
func TestOneConnectionToListen(t *testing.T) {
	m, p := processes(t, "a")
	before := m.CurrentConnectionCount()
	for range 10 {
		p["a"].Listen()
	}
	p["a"].silent()
	if got := m.CurrentConnectionCount(); got > before+1 {
		t.Errorf("got %d connections, want those %d from before, and one for commands", got, before)
	}
	for range 11 {
		p["a"].Hush()
	}
	p["a"].next("hears false")
}
