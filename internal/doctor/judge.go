package doctor

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/quorumlock/quorumlock/internal/node"
)

// find adds a finding.
func (p *patient) find(check string, level Level, text, why, do string) {
	p.Findings = append(p.Findings, Finding{check, level, text, why, do})
}

// fine adds that something is as it should be.
func (p *patient) fine(check, format string, args ...any) {
	p.find(check, OK, fmt.Sprintf(format, args...), "", "")
}

// judge says what the answers come to, check by check. The node votes unless something says that it cannot.
func (p *patient) judge() {
	p.Votes = true
	if p.failed != nil {
		p.Votes = false
		p.find("reachable", Problem, p.failed.Error(), "a node that cannot be reached has no vote",
			unreached(p.failed.Error(), p.client.Options().TLSConfig != nil))
		return
	}
	p.fine("reachable", "answers")
	p.judgeRTT()
	p.judgeTwin()
	if p.noInfo != nil {
		p.find("info", Unknown, "INFO is refused: "+node.Explain(p.noInfo, p.cfg.Timeout).Error(),
			"version, role, replicas, eviction, persistence and restarts cannot be seen; what is not seen here is not fine, and a restart that restored old data cannot be told by the clients either",
			"allow the Redis user +info, or find out by other ways what the provider does about them, and then say --allow-unknown")
	} else {
		p.judgeServer()
		p.judgeMode()
		p.judgeReplicas()
		p.judgeEviction()
		p.judgePersistence()
	}
	p.judgeClock()
	if !p.cfg.Plain {
		p.judgeGuard()
	}
	p.judgeACL()
}

// unreached says what to do about a node that gives no answer, by what it, or the network, says. secure is whether
// we speak TLS to it.
func unreached(text string, secure bool) string {
	switch {
	case strings.Contains(text, "WRONGPASS"), strings.Contains(text, "AUTH"):
		return "check --user and the password (--password-file, REDLOCK_PASSWORD, or in the URL) against ACL LIST on the node"
	case strings.Contains(text, "first record does not look like a TLS handshake"):
		return "the port does not speak TLS: use the node's tls-port, or redis:// instead of rediss://"
	case strings.Contains(text, "certificate signed by unknown authority"):
		return "name the authority that signed the node's certificate with --tls-ca"
	case strings.Contains(text, "x509:"):
		return "check the node's certificate, and say --tls-server-name if it is for another name than the address"
	// From TLS 1.3 on the handshake is over for us when the node refuses our certificate, or misses one.
	case secure && strings.Contains(text, "connection closed by the node"), strings.Contains(text, "certificate required"), strings.Contains(text, "bad certificate"), strings.Contains(text, "unknown certificate authority"):
		return "say --tls-cert and --tls-key, if the node wants a client's certificate: one that its authority has signed; else look into its log"
	case strings.Contains(text, "connection closed by the node"):
		return "if its port speaks TLS say --tls or rediss://; else look into its log"
	case secure && strings.Contains(text, "no answer within"):
		return "look whether the port speaks TLS at all (else redis:// instead of rediss://), whether the node hangs, and whether a firewall drops packets"
	case strings.Contains(text, "LOADING"):
		return "wait until it has loaded its data"
	case strings.Contains(text, "no answer within"):
		return "look whether it hangs, and whether a firewall drops packets; over a long way say a longer --node-timeout"
	}
	return "look whether it runs, and whether its address and the way there are right"
}

func (p *patient) judgeRTT() {
	slowest := p.rtts[len(p.rtts)-1]
	text := fmt.Sprintf("a round trip takes %s, at most %s of %d", short(p.rtts[len(p.rtts)/2]), short(slowest), len(p.rtts))
	if 4*slowest > p.cfg.Timeout {
		p.find("rtt", Warning, text, fmt.Sprintf("a node that takes longer than NodeTimeout, %v, has no vote in that round", p.cfg.Timeout),
			"bring clients and nodes closer to each other, or raise Config.NodeTimeout to some times the round trip")
		return
	}
	p.fine("rtt", "%s", text)
}

func (p *patient) judgeTwin() {
	switch {
	case p.twin != "":
		p.Votes = false
		p.find("run_id", Problem, "is the same server as "+p.twin, "one server has one vote: counted twice, a majority is none",
			"give each node once, and look for names and port mappings that lead to the same server")
	case p.Run != "":
		p.fine("run_id", "%s, and no other node's", p.Run[:min(8, len(p.Run))])
	}
}

// judgeServer judges the server's version.
func (p *patient) judgeServer() {
	name := "Redis"
	if said := p.info["server_name"]; said != "" && said != "redis" {
		name = said
	}
	text := name + " " + p.Version
	if said := p.info["valkey_version"]; said != "" {
		text = "valkey " + said
	}
	switch at := version(p.Version); {
	case p.Version == "":
		p.find("version", Unknown, "it tells no version", "what it can do is not known", "find out by other ways, and then say --allow-unknown")
	case at < 2_06 && !p.cfg.Plain:
		p.Votes = false
		p.find("version", Problem, text+" has no scripts", "fences and the guard against nodes that forget are scripts", "use Redis 6.2 or later, or mode Plain")
	case at < 6_00:
		p.find("version", Warning, text+" is old, and knows no ACL", "it gets no fixes, and whoever has its password may do everything", "use a version that is maintained")
	case at < 6_02 && !p.cfg.Plain:
		p.find("version", Note, text+" knows no SET with GET", "a grant takes one command more there", "nothing; from Redis 6.2 on it does not")
	default:
		p.fine("version", "%s", text)
	}
}

// version is a version's first two numbers: 7.0.15 is 7_00.
func version(text string) int {
	parts := strings.SplitN(text, ".", 3)
	major, _ := strconv.Atoi(parts[0])
	minor := 0
	if len(parts) > 1 {
		minor, _ = strconv.Atoi(parts[1])
	}
	return 100*major + minor
}

func (p *patient) judgeMode() {
	mode := p.info["redis_mode"]
	if mode == "" { // Valkey calls it otherwise
		mode = p.info["server_mode"]
	}
	if p.info["cluster_enabled"] == "1" {
		mode = "cluster"
	}
	switch mode {
	case "sentinel":
		p.Votes = false
		p.find("mode", Problem, "is a Sentinel, and no node", "a Sentinel stores nothing", "give the addresses of the masters themselves, which must be independent of each other")
	case "cluster":
		p.find("mode", Problem, "runs in cluster mode", "keys belong to one of the cluster's masters: another one answers MOVED and has no vote, and a failover forgets votes",
			"give each node as a Redis of its own, with cluster-enabled no")
	case "":
		p.find("mode", Unknown, "it does not tell its mode", "a node in cluster mode has only a part of the keys, and a failover forgets votes", "find out by other ways, and then say --allow-unknown")
	default:
		p.fine("mode", "%s", mode)
	}
	switch {
	case p.noSentinel != nil && p.info["connected_slaves"] != "0": // without a replica there is nothing to promote
		p.find("sentinel", Unknown, "it does not tell whether a Sentinel watches it: "+node.Explain(p.noSentinel, p.cfg.Timeout).Error(),
			"a Sentinel promotes a replica that may not have the last votes", "allow the Redis user of doctor +pubsub|numsub, or find out by other ways and then say --allow-unknown")
	case p.sentinel:
		p.find("sentinel", Warning, "is watched by a Sentinel", "a Sentinel promotes a replica that may not have the last votes; the guard of rule R6 then keeps it from voting for MaxTTL, and mode Plain has no guard",
			"let no Sentinel watch these nodes: what is there to survive a node's death is the other nodes")
	}
}

func (p *patient) judgeReplicas() {
	switch count := p.info["connected_slaves"]; {
	case p.Role == "replica":
		p.Votes = false
		p.find("role", Problem, "is a replica of "+p.info["master_host"]+":"+p.info["master_port"], "its master may forget votes by failing over to it, and it takes no writes",
			"make it a master of its own: REPLICAOF NO ONE")
		return
	case p.Role == "":
		p.find("role", Unknown, "it tells no role", "a replica may have no vote", "find out by other ways, and then say --allow-unknown")
	case count != "" && count != "0":
		p.fine("role", "master")
		level, why := Warning, "a replica that is promoted may not have the last votes; noticed, it then does not vote for MaxTTL"
		if p.cfg.Durable || p.cfg.Plain {
			level, why = Problem, "a replica that is promoted may not have the last votes, and with DurableNodes or in mode Plain it votes all the same"
		}
		p.find("replicas", level, count+" replica(s) attached", why, "run each node without replicas; use them for backups at most, and promote none")
		return
	default:
		p.fine("role", "master")
	}
	if p.info["connected_slaves"] == "0" {
		p.fine("replicas", "none")
	} else if p.Role != "" {
		p.find("replicas", Unknown, "it does not tell whether replicas are attached", "a replica that is promoted may not have the last votes", "find out by other ways, and then say --allow-unknown")
	}
}

func (p *patient) judgeEviction() {
	policy, limit := p.info["maxmemory_policy"], p.info["maxmemory"]
	evicted := p.info["evicted_keys"]
	switch {
	case policy == "" || limit == "":
		p.find("eviction", Unknown, "it does not tell its maxmemory-policy", "a node that evicts keys forgets votes", "find out by other ways, and then say --allow-unknown")
	case limit != "0" && policy != "noeviction":
		p.Votes = false
		p.find("eviction", Problem, fmt.Sprintf("may evict keys: maxmemory %s, maxmemory-policy %s", size(limit), policy),
			"an evicted key is a forgotten vote, and the lock can be given twice; in mode Fenced the node is refused therefore", "CONFIG SET maxmemory-policy noeviction, and in its configuration file")
	case limit != "0":
		p.find("eviction", Note, fmt.Sprintf("keeps its keys: maxmemory %s, noeviction", size(limit)), "when that is full, grants fail with OOM", "watch its memory; locks need some hundred bytes each, and a day for their fence counters")
	case policy != "noeviction":
		p.find("eviction", Warning, "keeps its keys as long as maxmemory is 0, with maxmemory-policy "+policy, "whoever sets maxmemory later has votes evicted", "CONFIG SET maxmemory-policy noeviction, and in its configuration file")
	default:
		p.fine("eviction", "keeps its keys: no maxmemory, noeviction")
	}
	if evicted != "" && evicted != "0" {
		p.find("evicted", Warning, evicted+" keys were evicted since it started", "votes may have been among them", "look who uses the node beside locks, and give locks nodes of their own")
	}
}

// size is a number of bytes, for people.
func size(bytes string) string {
	n, err := strconv.ParseFloat(bytes, 64)
	switch {
	case err != nil:
		return bytes
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", n/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", n/(1<<20))
	}
	return bytes + " bytes"
}

// short is a time with three digits.
func short(d time.Duration) string {
	switch d = d.Abs(); {
	case d >= time.Second:
		return d.Round(10 * time.Millisecond).String()
	case d >= time.Millisecond:
		return d.Round(10 * time.Microsecond).String()
	}
	return d.Round(time.Microsecond).String()
}
