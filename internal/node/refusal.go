package node

import (
	"context"
	"errors"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// named is what an ACL lacks, where a refusal did not say. Safe for concurrent use.
type named struct {
	mu    sync.Mutex
	rules string    // guarded by mu
	at    time.Time // guarded by mu; when that was found out
}

// refused is why the server did not carry a command about key out; "" for one about our own keys.
//
// Redis 7.0 does not tell which of a script's commands an ACL forbids. Whoever has to mend that must know; nothing can be
// locked before, so that there is time to try them one by one. It is done at most as often as a refusal to listen.
func (n *Node) refused(err error, key string) *Error {
	why := explainAt(err, n.cfg.Timeout, key)
	var server redis.Error
	if !errors.As(err, &server) || !forbiddenInScript(server.Error()) || forbidden(server.Error()) != "" {
		return why
	}
	n.lacks.mu.Lock()
	defer n.lacks.mu.Unlock()
	if time.Since(n.lacks.at) > denied {
		n.lacks.at, n.lacks.rules = time.Now(), ""
		ctx, cancel := context.WithTimeout(n.life, n.cfg.Timeout) // of all together: others wait in the lane
		lacks, _ := Lacking(ctx, n.client, n.cfg.Fenced, n.cfg.Timeout)
		cancel()
		n.lacks.rules = wanted(lacks)
	}
	if n.lacks.rules == "" {
		return why
	}
	told := *why
	told.text += " (the Redis user needs " + n.lacks.rules + ")"
	return &told
}

// wanted lists the rules without which nothing can be locked.
func wanted(lacks []Lack) string {
	var rules []string
	for _, lack := range lacks {
		if lack.Class == Vital {
			rules = append(rules, lack.Rule)
		}
	}
	return strings.Join(rules, " ")
}
