package doctor

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/quorumlock/quorumlock/internal/node"
	"github.com/quorumlock/quorumlock/quorum"
)

// compare fills in what only shows beside the other nodes: twins, and the middle of the clocks.
func compare(patients []*patient) {
	runs := map[string]string{}
	var clocks []time.Duration
	for _, p := range patients {
		if p.failed != nil {
			continue
		}
		p.Run, p.Version, p.Role = p.info["run_id"], p.info["redis_version"], p.info["role"]
		p.Uptime, _ = strconv.ParseFloat(p.info["uptime_in_seconds"], 64)
		if p.Role == "slave" {
			p.Role = "replica"
		}
		if p.Run != "" {
			if p.twin = runs[p.Run]; p.twin == "" {
				runs[p.Run] = p.Addr
			}
		}
		if p.told {
			clocks = append(clocks, p.ahead)
		}
	}
	for _, p := range patients {
		p.median, p.clocks = node.Median(clocks), len(clocks)
	}
}

// together judges the nodes as a whole.
func together(cfg Config, rule quorum.Rule, patients []*patient) []Finding {
	found := []Finding{count(rule), majority(rule, patients)}
	if shared := sharing(patients); len(shared) > 0 {
		found = append(found, Finding{"hosts", Note, "behind the same address: " + strings.Join(shared, "; "), "nodes on one machine fail together, and a majority with them", "give each node a machine, power and network of its own"})
	}
	if apart := versions(patients); len(apart) > 1 {
		found = append(found, Finding{"versions", Note, "different versions: " + strings.Join(apart, ", "), "that is as it must be during an upgrade, and otherwise two programs to look after", "upgrade the others, one at a time"})
	}
	if cfg.Plain {
		found = append(found, Finding{"plain", Note, "mode Plain", "no fences, no guard against nodes that forget, nobody is woken", "use mode Fenced where the servers have scripts"})
	}
	if len(cfg.Keys) == 0 && slices.ContainsFunc(patients, func(p *patient) bool { return p.failed == nil && p.user != "default" }) {
		found = append(found, Finding{"acl-key", Note, "whether the Redis user may lock your keys was not tried", "an ACL may keep them from it", "say --key with one of them"})
	}
	return found
}

func count(rule quorum.Rule) Finding {
	n := rule.Nodes()
	text := fmt.Sprintf("%d nodes: %d decide, and %d may fail", n, rule.Need(), n-rule.Need())
	switch {
	case n == 1:
		return Finding{"count", Warning, text, "with one node there is no quorum: its death stops everybody", "use three nodes, or five"}
	case n%2 == 0:
		return Finding{"count", Note, text, fmt.Sprintf("an even number buys nothing: %d survive as many failures as %d do", n, n-1), "add a node, or take one away"}
	}
	return Finding{"count", OK, text, "", ""}
}

// majority judges whether enough nodes vote, and if not, when they will.
func majority(rule quorum.Rule, patients []*patient) Finding {
	var in []float64
	now := 0
	for _, p := range patients {
		if p.Votes {
			in = append(in, p.VotesIn)
		}
		if p.Votes && p.VotesIn == 0 {
			now++
		}
	}
	slices.Sort(in)
	text := fmt.Sprintf("%d of %d nodes vote, and %d decide", now, rule.Nodes(), rule.Need())
	switch {
	case len(in) < rule.Need():
		return Finding{"majority", Problem, text, "nothing can be locked", "see what each node lacks"}
	case now < rule.Need():
		wait := time.Duration(in[rule.Need()-1] * float64(time.Millisecond))
		return Finding{"majority", Warning, text, fmt.Sprintf("the next lock waits up to %s until a majority votes", short(wait)), "wait; or redlock init, if no lock can be outstanding on any of these nodes"}
	case now == rule.Need() && now < rule.Nodes():
		return Finding{"majority", Warning, text, "one more that fails stops everybody", "see what each node lacks"}
	}
	return Finding{"majority", OK, text, "", ""}
}

// sharing lists the nodes that share an address, and so a machine as a rule.
func sharing(patients []*patient) []string {
	byIP := map[string][]string{}
	var order []string
	for _, p := range patients {
		if p.twin != "" {
			continue
		}
		for _, ip := range p.ips {
			if byIP[ip] == nil {
				order = append(order, ip)
			}
			byIP[ip] = append(byIP[ip], p.Addr)
		}
	}
	var shared []string
	for _, ip := range order {
		if len(byIP[ip]) > 1 {
			shared = append(shared, strings.Join(byIP[ip], ", "))
		}
	}
	return slices.Compact(shared)
}

func versions(patients []*patient) []string {
	var all []string
	for _, p := range patients {
		if p.Version != "" && !slices.Contains(all, p.Version) {
			all = append(all, p.Version)
		}
	}
	slices.Sort(all)
	return all
}
