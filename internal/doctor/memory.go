package doctor

import (
	"fmt"
	"time"
)

// judgePersistence judges what a restart leaves of the node's memory.
func (p *patient) judgePersistence() {
	aof, known := p.info["aof_enabled"]
	if !known {
		aof, known = map[string]string{"yes": "1", "no": "0"}[p.settings["appendonly"]], p.settings["appendonly"] != ""
	}
	switch {
	case !known:
		p.find("persistence", Unknown, "it does not tell whether it writes an append-only file", "what it remembers after a restart is not known",
			"find out by other ways, and then say --allow-unknown")
		return
	case aof == "0":
		p.forgetful("appendonly no: a restart forgets everything since the last snapshot, or all of it", "CONFIG SET appendonly yes, and appendfsync always")
	case p.noConfig != nil:
		p.find("persistence", Unknown, "appendonly yes; appendfsync is not told: "+p.noConfig.Error(), p.durability(),
			"allow the Redis user of doctor +config|get, or find out by other ways and then say --allow-unknown")
	case p.settings["appendfsync"] != "always":
		p.forgetful("appendonly yes, appendfsync "+p.settings["appendfsync"]+": a power cut forgets the last votes; a mere crash of the process forgets none", "CONFIG SET appendfsync always")
	case p.settings["no-appendfsync-on-rewrite"] == "yes":
		p.forgetful("appendfsync always, but no-appendfsync-on-rewrite yes: while the file is rewritten nothing is synced", "CONFIG SET no-appendfsync-on-rewrite no")
	case p.settings["no-appendfsync-on-rewrite"] != "no":
		p.find("persistence", Unknown, "appendfsync always; no-appendfsync-on-rewrite is not told", p.durability(), "find out by other ways, and then say --allow-unknown")
	default:
		p.fine("persistence", "appendonly yes, appendfsync always: a restart forgets nothing that was answered")
	}
	if said := p.info["aof_last_write_status"]; said != "" && said != "ok" && aof == "1" {
		p.Votes = false
		p.find("disk", Problem, "its last write to the append-only file failed", "it refuses all writes with MISCONF until it can write again", "look at its disk, and into its log")
	}
}

// durability says what hangs on a node's remembering.
func (p *patient) durability() string {
	switch {
	case p.cfg.Plain:
		return "mode Plain does not notice that a node has forgotten votes: a lock can be given twice after a restart"
	case p.cfg.Durable:
		return "with DurableNodes a node votes at once after a restart, and gives a lock twice that it has forgotten"
	}
	return "a node that may have forgotten votes does not vote for MaxTTL after a restart, whatever it writes down; only DurableNodes would rely on it"
}

// forgetful reports that a restart may forget votes.
func (p *patient) forgetful(text, do string) {
	switch {
	case p.cfg.Durable:
		p.find("persistence", Problem, text, p.durability(), do+", or leave --durable-nodes and Config.DurableNodes out")
	case p.cfg.Plain:
		p.find("persistence", Warning, text, p.durability(), do+", or keep a node that restarted away from clients for as long as the longest TTL")
	default:
		p.find("persistence", Note, text, p.durability(), "nothing, unless you want nodes to vote at once after a restart: then "+do+" and Config.DurableNodes")
	}
}

// judgeClock judges the node's clock against those of the others.
func (p *patient) judgeClock() {
	if !p.told {
		p.find("clock", Unknown, "it does not tell its clock", "clocks that are far apart can put fences out of order after a loss of memory", "allow the Redis user +time")
		return
	}
	off, quarantine := p.ahead-p.median, p.cfg.policy().Quarantine()
	if p.clocks < 2 {
		p.fine("clock", "told, and no other to compare it with")
		return
	}
	p.Offset = ms(off)
	text := fmt.Sprintf("%s %s the middle of all, give or take %s", short(off), map[bool]string{true: "behind", false: "ahead of"}[off < 0], short(p.rtts[0]))
	switch {
	case off.Abs() > quarantine && !p.cfg.Plain:
		p.find("clock", Warning, text, fmt.Sprintf("that is more than the quarantine, %s: after a loss of memory fences may come out of order", short(quarantine)), "have all nodes' clocks kept by NTP, and slewed instead of stepped")
	case off.Abs() > time.Second+p.rtts[0]:
		p.find("clock", Note, text, "locks do not hang on it, but a clock that is being set right may step, and a node whose clock has stepped loses its vote for MaxTTL", "have all nodes' clocks kept by NTP, and slewed instead of stepped")
	default:
		p.fine("clock", "%s", text)
	}
}

// judgeGuard judges whether the node votes, by what it remembers (R6).
func (p *patient) judgeGuard() {
	const check = "guard"
	s, policy := p.standing, p.cfg.policy()
	wait := policy.Quarantine()
	switch {
	case p.noStand != nil:
		p.Votes = false
		p.find(check, Problem, "it cannot be asked whether it votes: "+p.noStand.Error(), "in mode Fenced no vote counts of a node whose memory nobody knows", "see what the ACL lacks, below")
	case s.Strange(policy) != nil:
		p.Votes = false
		p.find(check, Problem, s.Strange(policy).Error(), "two sets of nodes that overlap do not exclude each other, nor do clients whose TTL is longer than the others wait for",
			"give --addr all nodes of the deployment, and --deployment and --max-ttl as its clients do; nodes that were part of something else are made new by redlock init --force")
	case s.Meta == "" && s.Remember:
		p.fine(check, "new, and up for so long that the first lock finds it voting")
	case s.Meta == "":
		p.VotesIn = ms(wait)
		p.find(check, Note, "new: nobody has asked it for a vote yet", fmt.Sprintf("it may have forgotten everything, so that the first client waits %s", short(wait)),
			"redlock init, if no lock can be outstanding on these nodes")
	case s.Changed && p.cfg.Durable:
		p.fine(check, "has restarted: with DurableNodes it votes at once")
	case s.Changed:
		p.VotesIn = ms(max(s.VotesIn, wait))
		p.find(check, Warning, "has restarted, or changed its data, and no client has looked at it since", fmt.Sprintf("it may have forgotten votes, and votes %s after the first client has looked", short(wait)),
			"restart nodes one at a time, that far apart")
	case s.VotesIn > 0:
		p.VotesIn = ms(s.VotesIn)
		p.find(check, Warning, fmt.Sprintf("votes in %s", short(s.VotesIn)), "it may have forgotten votes, and waits until every lock of before is over", "wait; or redlock init, if no lock can be outstanding on any of these nodes")
	default:
		p.fine(check, "votes")
	}
	if s.Unfit != nil {
		p.Votes = false
	}
}
