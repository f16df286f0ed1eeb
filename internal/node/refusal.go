package node

import (
	"errors"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

// refusal is why the server did not carry a call out.
//
// Redis 7.0 does not tell which of a script's commands an ACL forbids. Whoever has to mend that must know; nothing can be
// locked before, so that there is time to try them one by one. It is done at most as often as a refusal to listen.
func (n *Node) refusal(c *call, err error) *Error {
	why := explainAt(err, n.cfg.Timeout, c.Key)
	var server redis.Error
	if !errors.As(err, &server) || !forbiddenInScript(server.Error()) || forbidden(server.Error()) != "" {
		return why
	}
	if time.Since(n.lacked) > denied {
		n.lacked, n.lacks = time.Now(), ""
		if lacks, err := Lacking(n.life, n.client, n.cfg.Fenced, n.cfg.Timeout); err == nil {
			n.lacks = wanted(lacks)
		}
	}
	if n.lacks == "" {
		return why
	}
	named := *why
	named.text += " (the Redis user needs " + n.lacks + ")"
	return &named
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
