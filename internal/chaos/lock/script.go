package lock

import (
	"embed"
	"strings"

	"github.com/redis/go-redis/v9"
)

// Each file begins with its keys, arguments, replies and the rule that it keeps.
//
//go:embed lua/*.lua
var files embed.FS

var (
	grantScript   = script("running", "grant")
	vouchScript   = script("running", "vouch")
	raiseScript   = script("raise")
	extendScript  = script("extend")
	releaseScript = script("release")
)

// script puts files together.
func script(names ...string) *redis.Script {
	var b strings.Builder
	for _, name := range names {
		text, err := files.ReadFile("lua/" + name + ".lua")
		if err != nil {
			panic(err) // the file is not in the source tree
		}
		b.Write(text)
	}
	return redis.NewScript(b.String())
}

// Prefix begins the keys of simple lockers that are no locks: a key's fence counter, and what guards a node's memory. They
// stay when all is released.
const Prefix = "redlock:chaos-"

const guardKey = Prefix + "guard"

// counter is where the fence counter of a key lives. The braces put it into the key's hash slot.
func counter(key string) string { return Prefix + "fence:{" + key + "}" }
