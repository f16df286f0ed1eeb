package doctor

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/internal/node"
	"github.com/quorumlock/quorumlock/quorum"
)

// well returns a node with which nothing is wrong.
func well(t *testing.T, addr, run string) *patient {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: addr})
	t.Cleanup(func() { client.Close() })
	return &patient{
		Node: Node{Addr: addr}, client: client, user: "default", told: true,
		cfg:  Config{Addrs: []string{"a", "b", "c"}, Timeout: 500 * time.Millisecond, MaxTTL: 30 * time.Second},
		rtts: []time.Duration{time.Millisecond, time.Millisecond},
		info: map[string]string{"run_id": run, "redis_version": "7.0.15", "redis_mode": "standalone", "role": "master", "connected_slaves": "0",
			"maxmemory": "0", "maxmemory_policy": "noeviction", "evicted_keys": "0", "aof_enabled": "1", "aof_last_write_status": "ok", "uptime_in_seconds": "77"},
		settings: map[string]string{"appendonly": "yes", "appendfsync": "always", "no-appendfsync-on-rewrite": "no"},
		standing: node.Standing{Meta: "x", Members: node.Members(3, ""), Longest: 30 * time.Second, Told: true, Run: run},
	}
}

// Every assumption that does not hold is found, under its name and as bad as it is, with why and what to do; and whether
// the node has a vote all the same.
func TestWhatIsWrongIsFound(t *testing.T) {
	for name, c := range map[string]struct {
		change func(p *patient)
		check  string
		level  Level
		votes  bool
	}{
		"not reached":               {func(p *patient) { p.failed = errors.New("connect: connection refused") }, "reachable", Problem, false},
		"far away":                  {func(p *patient) { p.rtts = []time.Duration{time.Millisecond, 200 * time.Millisecond} }, "rtt", Warning, true},
		"no INFO":                   {func(p *patient) { p.noInfo, p.info = errors.New("NOPERM"), nil }, "info", Unknown, true},
		"no version":                {func(p *patient) { delete(p.info, "redis_version") }, "version", Unknown, true},
		"too old":                   {func(p *patient) { p.info["redis_version"] = "2.4.0" }, "version", Problem, false},
		"old":                       {func(p *patient) { p.info["redis_version"] = "5.0.14" }, "version", Warning, true},
		"without SET GET":           {func(p *patient) { p.info["redis_version"] = "6.0.16" }, "version", Note, true},
		"cluster":                   {func(p *patient) { p.info["redis_mode"] = "cluster" }, "mode", Problem, true},
		"a Sentinel":                {func(p *patient) { p.info["redis_mode"] = "sentinel" }, "mode", Problem, false},
		"no mode":                   {func(p *patient) { delete(p.info, "redis_mode") }, "mode", Unknown, true},
		"a cluster of Valkey":       {func(p *patient) { delete(p.info, "redis_mode"); p.info["server_mode"] = "cluster" }, "mode", Problem, true},
		"a cluster that hides":      {func(p *patient) { p.info["cluster_enabled"] = "1" }, "mode", Problem, true},
		"not told who watches":      {func(p *patient) { p.noSentinel, p.info["connected_slaves"] = errors.New("NOPERM"), "1" }, "sentinel", Unknown, true},
		"no count of replicas":      {func(p *patient) { delete(p.info, "connected_slaves") }, "replicas", Unknown, true},
		"no sync on rewrite told":   {func(p *patient) { delete(p.settings, "no-appendfsync-on-rewrite") }, "persistence", Unknown, true},
		"watched":                   {func(p *patient) { p.sentinel = true }, "sentinel", Warning, true},
		"a replica":                 {func(p *patient) { p.info["role"] = "slave" }, "role", Problem, false},
		"no role":                   {func(p *patient) { delete(p.info, "role") }, "role", Unknown, true},
		"replicas":                  {func(p *patient) { p.info["connected_slaves"] = "2" }, "replicas", Warning, true},
		"replicas of a durable one": {func(p *patient) { p.info["connected_slaves"], p.cfg.Durable = "2", true }, "replicas", Problem, true},
		"replicas in mode Plain":    {func(p *patient) { p.info["connected_slaves"], p.cfg.Plain = "2", true }, "replicas", Problem, true},
		"evicts":                    {func(p *patient) { p.info["maxmemory"], p.info["maxmemory_policy"] = "1000", "volatile-ttl" }, "eviction", Problem, false},
		"would evict":               {func(p *patient) { p.info["maxmemory_policy"] = "allkeys-lru" }, "eviction", Warning, true},
		"may be full":               {func(p *patient) { p.info["maxmemory"] = "1000" }, "eviction", Note, true},
		"tells no policy":           {func(p *patient) { delete(p.info, "maxmemory_policy") }, "eviction", Unknown, true},
		"has evicted":               {func(p *patient) { p.info["evicted_keys"] = "3" }, "evicted", Warning, true},
		"no file":                   {func(p *patient) { p.info["aof_enabled"] = "0" }, "persistence", Note, true},
		"no file, durable":          {func(p *patient) { p.info["aof_enabled"], p.cfg.Durable = "0", true }, "persistence", Problem, true},
		"no file, Plain":            {func(p *patient) { p.info["aof_enabled"], p.cfg.Plain = "0", true }, "persistence", Warning, true},
		"everysec, durable":         {func(p *patient) { p.settings["appendfsync"], p.cfg.Durable = "everysec", true }, "persistence", Problem, true},
		"no sync on rewrite":        {func(p *patient) { p.settings["no-appendfsync-on-rewrite"], p.cfg.Durable = "yes", true }, "persistence", Problem, true},
		"no CONFIG":                 {func(p *patient) { p.noConfig, p.settings = errors.New("NOPERM"), nil }, "persistence", Unknown, true},
		"tells nothing of a file":   {func(p *patient) { delete(p.info, "aof_enabled"); p.settings = nil }, "persistence", Unknown, true},
		"a bad disk":                {func(p *patient) { p.info["aof_last_write_status"] = "err" }, "disk", Problem, false},
		"no clock":                  {func(p *patient) { p.told = false }, "clock", Unknown, true},
		"a clock off":               {func(p *patient) { p.ahead = -2 * time.Second }, "clock", Note, true},
		"a clock far off":           {func(p *patient) { p.ahead = time.Minute }, "clock", Warning, true},
		"new":                       {func(p *patient) { p.standing.Meta = "" }, "guard", Note, true},
		"waits":                     {func(p *patient) { p.standing.VotesIn = 3 * time.Second }, "guard", Warning, true},
		"restarted":                 {func(p *patient) { p.standing.Changed = true }, "guard", Warning, true},
		"of others":                 {func(p *patient) { p.standing.Members = "5:" }, "guard", Problem, false},
		"shorter TTLs":              {func(p *patient) { p.standing.Longest = time.Second }, "guard", Problem, false},
		"no look at its memory":     {func(p *patient) { p.noStand = errors.New("NOPERM") }, "guard", Problem, false},
		"may not lock":              {func(p *patient) { p.lacks = []node.Lack{{Need: node.Need{Rule: "+set", Class: node.Vital}}} }, "acl", Problem, false},
		"may not wake":              {func(p *patient) { p.lacks = []node.Lack{{Need: node.Need{Rule: "+publish", Class: node.Waking}}} }, "acl", Warning, true},
		"may not ask":               {func(p *patient) { p.noLacks = errors.New("no answer") }, "acl", Unknown, true},
		"may not have the key":      {func(p *patient) { p.cfg.Keys, p.keys = []string{"k"}, map[string]error{"k": errors.New("NOPERM")} }, "acl-key", Problem, true},
	} {
		t.Run(name, func(t *testing.T) {
			patients := []*patient{well(t, "10.0.0.1:1", "r1"), well(t, "10.0.0.2:1", "r2"), well(t, "10.0.0.3:1", "r3")}
			c.change(patients[0])
			r := assemble(patients[0].cfg, patients)
			found := false
			for _, f := range r.Nodes[0].Findings {
				if f.Level != OK && (f.Why == "" || f.Do == "" || f.Text == "") {
					t.Errorf("got %+v, want it to say why and what to do", f)
				}
				found = found || f.Check == c.check && f.Level == c.level
			}
			if !found || r.Nodes[0].Votes != c.votes || rank(r.Verdict) < rank(c.level) {
				t.Errorf("got votes %v, verdict %s and %+v, want votes %v and %s: %s", r.Nodes[0].Votes, r.Verdict, r.Nodes[0].Findings, c.votes, c.check, c.level)
			}
		})
	}
}

// With nothing wrong everything is ok, each check once.
func TestNothingIsWrong(t *testing.T) {
	r := assemble(well(t, "a", "r").cfg, []*patient{well(t, "10.0.0.1:1", "r1"), well(t, "10.0.0.2:1", "r2"), well(t, "10.0.0.3:1", "r3")})
	if r.Verdict != OK || r.Voting != 3 || r.Count(OK) != 3*12+2 {
		t.Errorf("got %+v, want nothing but ok", r)
	}
}

// One server under two addresses has one vote.
func TestTheSameServerTwiceIsFound(t *testing.T) {
	r := assemble(well(t, "a", "r").cfg, []*patient{well(t, "10.0.0.1:1", "r1"), well(t, "10.0.0.2:1", "r1"), well(t, "10.0.0.3:1", "r3")})
	if r.Voting != 2 || r.Verdict != Problem || !strings.Contains(fmt.Sprint(r.Nodes[1].Findings), "is the same server as 10.0.0.1:1") {
		t.Errorf("got %d votes, and %+v", r.Voting, r.Nodes[1].Findings)
	}
}

// What is said of all nodes together: how many there are, and whether a majority votes, now or later.
func TestTheMajorityIsJudged(t *testing.T) {
	for _, c := range []struct {
		votes []bool
		in    []float64
		want  string
	}{
		{[]bool{true, true, true}, []float64{0, 0, 0}, "ok ok"},
		{[]bool{true, true, false}, []float64{0, 0, 0}, "ok warning"},
		{[]bool{true, true, true}, []float64{0, 5000, 9000}, "ok warning"},
		{[]bool{true, false, false}, []float64{0, 0, 0}, "ok problem"},
		{[]bool{true}, []float64{0}, "warning ok"},
		{[]bool{true, true, true, true}, []float64{0, 0, 0, 0}, "note ok"},
	} {
		var patients []*patient
		for i, votes := range c.votes {
			patients = append(patients, &patient{Node: Node{Votes: votes, VotesIn: c.in[i]}})
		}
		rule := quorum.Majority(len(patients))
		if got := fmt.Sprint(count(rule).Level, " ", majority(rule, patients).Level); got != c.want {
			t.Errorf("got %s, want %s for %+v", got, c.want, c)
		}
		if m := majority(rule, patients); c.in[len(c.in)-1] == 9000 && !strings.Contains(m.Why, "up to 5s") {
			t.Errorf("got %+v, want the wait of the second one", m)
		}
	}
}
