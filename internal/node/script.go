package node

import (
	_ "embed"

	"github.com/redis/go-redis/v9"
)

// The scripts; each file begins with its keys, arguments, replies and the rule that it keeps.
var (
	//go:embed lua/grant.lua
	grantSource string
	//go:embed lua/raise.lua
	raiseSource string
	//go:embed lua/extend.lua
	extendSource string
	//go:embed lua/release.lua
	releaseSource string

	// sources and hashes are what EVAL and EVALSHA name them by.
	sources = map[Op]string{Grant: grantSource, Raise: raiseSource, Extend: extendSource, Release: releaseSource}
	hashes  = hashAll(sources)
)

func hashAll(sources map[Op]string) map[Op]string {
	hashes := make(map[Op]string, len(sources))
	for op, source := range sources {
		hashes[op] = redis.NewScript(source).Hash()
	}
	return hashes
}

// Prefix begins every key of ours that is not a caller's own.
const Prefix = "quorumlock:"

// Counter returns where key's fence counter lives. The braces put it into key's hash slot.
func Counter(key string) string { return Prefix + "fence:{" + key + "}" }
