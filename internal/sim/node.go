package sim

// What the scripts say beside yes (1) and no (0), in their words.
const (
	CodeFailed     = -1 // the command failed and spoiled no other
	CodeLate       = -2 // a grant came after its deadline
	CodeForgotten  = -3 // the meta key does not say what the client expects
	CodeQuarantine = -4 // the node may have forgotten votes
	CodeUndone     = -5 // the owner was undone before its grant came
	CodeUnknown    = 2  // the node had no meta key when it was looked at
)

const (
	counterLife = 86_400_000 // ms for which a fence counter of an idle key is kept
	ahead       = 937_500    // ticks of 64 µs, 60 s, by which a proposal may be ahead of the node's clock
	maxGone     = 32_768     // bytes of tombstones
)

// Node is a Go twin of the scripts in internal/node/lua on one server: the same functions, with the same arguments and
// the same returns. The test in internal/twin drives it beside real servers. It is not safe for concurrent use; make one
// with [NewNode].
type Node struct {
	time   func() int64 // the server's clock, in µs
	meta   string       // name of the meta key
	gone   string       // name of the key with the owners that were undone
	values map[string]value
	faults Mutant
	log    func(key string, old value, had bool) // told before a key changes; nil: nobody asks
}

// value is what stands under a key, and until when.
type value struct {
	text    string
	list    bool  // no text stands there, but something else, that somebody else has put there
	expires int64 // ms of the server's clock; 0: never
}

// Op is what a command asks for, in batch.lua's numbers.
type Op uint8

const (
	OpGrant Op = iota + 1
	OpRaise
	OpExtend
	OpRelease
)

// Command is one command of a script.
type Command struct {
	Op      Op
	Key     string
	Counter string // of OpGrant and OpRaise
	Owner   string
	TTL     int64  // ms, of OpGrant and OpExtend
	Fence   uint64 // proposed, of OpGrant; to write down, of OpRaise
}

// Result is what one command returned, and a number beside it.
type Result struct {
	Code   int
	Value  int64
	Holder string // who has the key of a refused grant
}

// NewNode returns a server without memory, whose clock shows time() µs, and whose meta key and key for tombstones have
// the given names.
func NewNode(time func() int64, meta, gone string) *Node {
	return &Node{time: time, meta: meta, gone: gone, values: make(map[string]value)}
}

// Get returns what stands under key, and false when nothing does. What is no text is empty.
func (n *Node) Get(key string) (string, bool) {
	v, there := n.look(key, n.time())
	return v.text, there
}

// Left returns for how many ms key still stands there: PTTL, which is -1 for a key that never expires and -2 for one
// that is not there.
func (n *Node) Left(key string) int64 {
	now := n.time()
	v, there := n.look(key, now)
	if !there {
		return -2
	}
	return left(v, now)
}

func left(v value, now int64) int64 {
	if v.expires == 0 {
		return -1
	}
	return v.expires - now/1000
}

// Flush forgets everything.
func (n *Node) Flush() {
	for key, old := range n.values {
		n.note(key, old, true)
	}
	clear(n.values)
}

// Store puts a text under key, as somebody else may do, for ttl ms; 0 is for ever.
func (n *Node) Store(key, text string, ttl int64) {
	s := script{Node: n, now: n.time()}
	s.set(key, text, ttl)
}

// Spoil puts something under key that is no text: what would read or compare it fails.
func (n *Node) Spoil(key string) {
	old, had := n.values[key]
	n.note(key, old, had)
	n.values[key] = value{list: true}
}

// Remove deletes key, whatever stands there.
func (n *Node) Remove(key string) {
	if old, had := n.values[key]; had {
		n.note(key, old, true)
		delete(n.values, key)
	}
}

// Break makes the node a mutant, with an error that the scripts do not have.
func (n *Node) Break(m Mutant) { n.faults = m }

// Grants is grants.lua: it gives the grants in order. It returns the clock, and appends what each grant returned to
// results; or why is not 0, and none is given. The script of a lone grant fails where that returns [CodeFailed].
func (n *Node) Grants(expected string, deadline int64, grants []Command, results []Result) (now int64, why int, all []Result) {
	s := script{Node: n, now: n.time()}
	if why = s.admit(expected, deadline); why != 0 {
		return s.now, why, results
	}
	for i := range grants {
		results = append(results, s.grant(&grants[i]))
	}
	return s.now, 0, results
}

// Batch is batch.lua: it carries the commands out in order, and appends what each returned to results. It takes grants as
// well, which have a script of their own, since no time goes by between the scripts of a pipeline here. The script of a
// lone command fails where that returns [CodeFailed]. With a grace of 0, releases leave no tombstones.
func (n *Node) Batch(expected string, deadline, grace int64, commands []Command, results []Result) (int64, []Result) {
	s := script{Node: n, now: n.time()}
	for i := range commands {
		c := &commands[i]
		var r Result
		switch c.Op {
		case OpGrant:
			if r.Code = s.admit(expected, deadline); r.Code == 0 {
				r = s.grant(c)
			}
		case OpRaise:
			r.Code = s.raise(c)
		case OpExtend:
			r.Code = s.extend(c.Key, c.Owner, c.TTL)
		default:
			if r.Code = s.release(c.Key, c.Owner); r.Code == 0 && grace > 0 {
				r.Code = s.bury(grace, c.Owner+" ")
			}
		}
		results = append(results, r)
	}
	return s.now, results
}

// Extend is the script of an extend that goes alone in mode Plain; ttl is in ms. It fails, as that of Release does, where
// this returns [CodeFailed].
func (n *Node) Extend(key, owner string, ttl int64) int {
	s := script{Node: n, now: n.time()}
	return s.extend(key, owner, ttl)
}

// Release is the script of a release that goes alone, without a tombstone.
func (n *Node) Release(key, owner string) int {
	s := script{Node: n, now: n.time()}
	return s.release(key, owner)
}

// Releases is releases.lua: releases of keys of which each is named once. It appends what each returned to results. With a
// grace of 0 they leave no tombstones.
func (n *Node) Releases(grace int64, releases []Command, results []Result) []Result {
	s := script{Node: n, now: n.time()}
	begin, owners := len(results), ""
	for i := range releases {
		code := s.release(releases[i].Key, releases[i].Owner)
		if code == 0 {
			owners += releases[i].Owner + " "
		}
		results = append(results, Result{Code: code})
	}
	if grace == 0 || owners == "" {
		return results
	}
	buried := s.bury(grace, owners)
	for i := begin; i < len(results); i++ {
		if results[i].Code == 0 {
			results[i].Code = buried
		}
	}
	return results
}

// look returns what stands under key at now µs, as Redis sees it: it compares whole ms, and a key is there in its last.
func (n *Node) look(key string, now int64) (value, bool) {
	v, there := n.values[key]
	if there && v.expires != 0 && now/1000 > v.expires {
		n.note(key, v, true)
		delete(n.values, key)
		return value{}, false
	}
	return v, there
}

func (n *Node) note(key string, old value, had bool) {
	if n.log != nil {
		n.log(key, old, had)
	}
}
