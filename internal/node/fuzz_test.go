package node

import (
	"encoding/binary"
	"strings"
	"testing"
	"time"
)

// No address makes Dial panic, and no error about one repeats a password.
func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"localhost", "127.0.0.1:7101", "redis://ann:s3cret@host:1/2", "rediss://:s3cret@[::1]:6379", "unix:///tmp/redis.sock",
		"redis://u:s3cret@", "://s3cret", "s3cret@host:1", "redis://h?password=s3cret", "redis://:s3cret%@h", "redis://h:1/s3cret@x#y"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, address string) {
		options, err := parse(address)
		switch {
		case err == nil && (options == nil || options.Addr == ""):
			t.Errorf("%q: got neither options nor an error", address)
		case err == nil:
			_ = name(options)
		case strings.Contains(err.Error(), "s3cret"):
			t.Errorf("%q: the error repeats a password: %v", address, err)
		}
	})
}

// Whatever numbers a server replies to a script, every call is either settled or asked again, and a yes has the fence
// that was replied.
func FuzzReply(f *testing.F) {
	f.Add([]byte{1, 1, 0}, uint8(1), uint8(0))
	f.Add([]byte{1, 255, 0, 1, 7}, uint8(4), uint8(1))
	f.Fuzz(func(t *testing.T, raw []byte, op, place uint8) {
		n := &Node{clock: nodeClock{drift: config(true).Drift}, cfg: config(true)}
		var reply []int64
		for len(raw) > 0 {
			var word [8]byte
			used := copy(word[:], raw[:min(len(raw), 1+int(raw[0])%8)])
			raw = raw[used:]
			reply = append(reply, int64(binary.LittleEndian.Uint64(word[:])))
		}
		c := &call{step: byHash, place: int(place)}
		c.put(Command{Op: Op(op%4) + Grant, Key: "k", Owner: "o", TTL: time.Minute, Fence: 7})
		releases := func(c *call, reply []int64) { c.settleBy(reply, c.place) }
		for _, read := range []func(*call, []int64){n.readGrant, n.readBatch, releases} {
			c.step, c.reply = byHash, Reply{}
			read(c, reply)
			r := c.reply
			if c.step == settled && r.Yes && r.Err != nil || r.Left < 0 {
				t.Errorf("%v: got %+v", reply, r)
			}
			if again := c.alone || n.guard.meta == ""; c.step != settled && !again {
				t.Errorf("%v: got a call that is neither settled nor asked again", reply)
			}
			if c.step != settled && r != (Reply{}) {
				t.Errorf("%v: got %+v for a call that is asked again", reply, r)
			}
		}
		// What it says is what stands in its own place, and nothing else is a yes.
		c.step, c.reply, n.guard.meta = byHash, Reply{}, "known"
		n.readBatch(c, reply)
		at, code, fence := 1+2*int(place), int64(0), int64(0)
		if len(reply) >= at+2 {
			code, fence = reply[at], reply[at+1]
		}
		if fence == 0 {
			fence = 7 // the one that was proposed
		}
		switch r := c.reply; {
		case n.steadied() != nil: // the clock has stepped from one reading to the next
		case r.Yes != (code == 1):
			t.Errorf("%v: got %+v for the code %d", reply, r, code)
		case r.Yes && c.Op == Grant && r.Fence != uint64(fence):
			t.Errorf("%v: got the fence %d want %d", reply, r.Fence, fence)
		case code == -3 && n.guard.meta != "":
			t.Errorf("%v: got a meta key that is known still", reply)
		}
	})
}

// Whatever INFO and the meta key say, reading them ends, and only a server that says all of it remembers.
func FuzzSurvey(f *testing.F) {
	f.Add("run_id:r\r\nuptime_in_seconds:100\r\nrole:master\r\nevicted_keys:0\r\ncmdstat_get:calls=1\r\n", "0000000000000001 5 1: r a")
	f.Fuzz(func(t *testing.T, info, meta string) {
		s := readSurvey(info)
		if s.remembers(time.Second) && !strings.Contains(info, "evicted_keys:0") {
			t.Errorf("%q: got a server that remembers", info)
		}
		if seconds := field(info, "uptime_in_seconds"); s.remembers(time.Second) && (s.run == "-" || s.uptime <= 2*time.Second) {
			t.Errorf("%q: got a server that remembers, %q after its start", info, seconds)
		}
		if s.mayEvict && (s.unfit(true) == nil || field(info, "maxmemory") == "0") || s.role == "replica" && s.unfit(false) == nil {
			t.Errorf("%q: got %+v, which may vote", info, s)
		}
		if s.run == "" || s.history == "" || s.former == "" {
			t.Errorf("%q: got an id that would leave a gap in the meta key: %+v", info, s)
		}
		_ = readyAt(meta)
		_ = word(meta, 4)
	})
}
