package node

import (
	"embed"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Each file begins with its arguments, what it returns, and the rule that it keeps.
//
//go:embed lua/*.lua
var files embed.FS

// script is a Lua script, and the hash that EVALSHA names it by.
type script struct {
	source, hash string
}

// Grants have a script of their own, for one and for many, and so do releases that are gathered. What else comes together,
// and with fences also what comes alone, shares a third one. All are put together from the same functions.
var (
	grants  = assemble("", "fence", "grants")
	batch   = assemble("", "clock", "wake", "kept", "raise", "extend", "release", "enroll", "leave", "bury", "batch")
	boot    = assemble("", "clock", "boot")
	lift    = assemble("", "lift")
	extend  = assemble("return extend(KEYS[1], ARGV[1], ARGV[2])", "extend")
	release = assemble("return release(KEYS[1], ARGV[1])", "quick", "wake", "release")
	// withdrawals are releases that leave tombstones.
	releases    = assemble("return releases(#KEYS)", "wake", "release", "releases")
	withdrawals = assemble("return releases(#KEYS - 1, KEYS[#KEYS], ARGV[#ARGV])", "wake", "release", "bury", "releases")
	// In mode Plain nobody is woken.
	plainRelease  = assemble("return release(KEYS[1], ARGV[1])", "asleep", "release")
	plainReleases = assemble("return releases(#KEYS)", "asleep", "release", "releases")
)

// assemble returns the files and a last line as one script, without their comments, which a server would keep.
func assemble(last string, names ...string) script {
	var b strings.Builder
	for _, name := range names {
		text, err := files.ReadFile("lua/" + name + ".lua")
		if err != nil {
			panic(err) // the file is not in the source tree
		}
		for line := range strings.Lines(string(text)) {
			if !strings.HasPrefix(line, "--") {
				b.WriteString(line)
			}
		}
	}
	b.WriteString(last)
	return script{source: b.String(), hash: redis.NewScript(b.String()).Hash()}
}

// Scripts returns the text of every script that nodes are asked by: grants, of one or more; batch, of one or more of
// anything else; extend and release, of a single one; releases and withdrawals, of several; boot and lift. It is for the test
// that compares the simulator's nodes with them, reply by reply: what [Node.Send] answers tells less than they do.
func Scripts() map[string]string {
	return map[string]string{
		"grants": grants.source, "batch": batch.source, "extend": extend.source, "release": release.source,
		"releases": releases.source, "withdrawals": withdrawals.source, "boot": boot.source, "lift": lift.source,
	}
}

// Prefix begins every key of ours that is not a caller's own.
const Prefix = "quorumlock:"

// Line returns where the processes that wait for key are enrolled. The braces put it into key's hash slot.
func Line(key string) string { return Prefix + "line:{" + key + "}" }

// Counter returns where key's fence counter lives. The braces put it into key's hash slot.
func Counter(key string) string { return Prefix + "fence:{" + key + "}" }
