package doctor

import (
	"fmt"
	"slices"
	"strings"

	"github.com/quorumlock/quorumlock/internal/node"
)

// judgeACL judges what the Redis user may do, as it was tried.
func (p *patient) judgeACL() {
	user := p.user
	if p.noLacks != nil {
		p.find("acl", Unknown, "not everything could be tried: "+p.noLacks.Error(), "what the Redis user may do is not known", "look at the node, and try again")
	}
	classes := map[node.Class][]node.Lack{}
	for _, lack := range p.lacks {
		classes[lack.Class] = append(classes[lack.Class], lack)
	}
	for _, class := range []node.Class{node.Vital, node.Memory, node.Waking} {
		lacks := classes[class]
		if len(lacks) == 0 {
			continue
		}
		level, why := Warning, "waiters are not woken by it, and ask again and again"
		switch class {
		case node.Vital:
			level, why = Problem, "nothing can be locked by it"
			p.Votes = false
		case node.Memory:
			why = "role, eviction and restarts cannot be seen"
		}
		p.find("acl", level, fmt.Sprintf("the Redis user %s lacks %s: for %s", user, rules(lacks), purposes(lacks)), why,
			fmt.Sprintf("ACL SETUSER %s %s", user, rules(lacks)))
	}
	if len(p.lacks) == 0 && p.noLacks == nil {
		p.fine("acl", "the Redis user %s may do all that locking uses", user)
	}
	for _, key := range p.cfg.Keys {
		if why := p.keys[key]; why != nil {
			p.find("acl-key", Problem, fmt.Sprintf("the key %q: %v", key, why), "it cannot be locked there", fmt.Sprintf("ACL SETUSER %s ~%s, or a pattern for it", user, key))
		} else {
			p.fine("acl-key", "the key %q may be locked", key)
		}
	}
}

func rules(lacks []node.Lack) string {
	var list []string
	for _, lack := range lacks {
		list = append(list, lack.Rule)
	}
	return strings.Join(list, " ")
}

func purposes(lacks []node.Lack) string {
	var list []string
	for _, lack := range lacks {
		if !slices.Contains(list, lack.For) {
			list = append(list, lack.For)
		}
	}
	return strings.Join(list, "; ")
}
