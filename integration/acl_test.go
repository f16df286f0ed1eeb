package integration

import (
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quorumlock/quorumlock/internal/cluster"
	"github.com/quorumlock/quorumlock/internal/doctor"
	"github.com/quorumlock/quorumlock/redlock"
)

const aclPassword = "open-sesame"

// documented returns the rules of the users in docs/security.md, by name.
func documented(t *testing.T) map[string][]string {
	t.Helper()
	text, err := os.ReadFile("../docs/security.md")
	if err != nil {
		t.Fatal(err)
	}
	users := map[string][]string{}
	for line := range strings.Lines(string(text)) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), "ACL SETUSER "); ok {
			words := strings.Fields(strings.Replace(rest, ">PASSWORD", ">"+aclPassword, 1))
			users[words[0]] = words[1:]
		}
	}
	if len(users) != 5 {
		t.Fatalf("got the users %v in docs/security.md, want 5", users)
	}
	return users
}

// as makes a user of the rules on all nodes, and returns the nodes' addresses for it.
func (n *nodes) as(t *testing.T, user string, rules []string) (addrs []string) {
	t.Helper()
	command := []any{"ACL", "SETUSER", user}
	for _, rule := range rules {
		command = append(command, rule)
	}
	n.tell(t, n.all(), command...)
	n.tell(t, n.all(), "ACL", "LOG", "RESET")
	for _, addr := range n.Addrs() {
		addrs = append(addrs, "redis://"+user+":"+aclPassword+"@"+addr)
	}
	return addrs
}

// Each rule of a documented user is needed: where it is missing, an error or Check says so, and what to add. That they are enough,
// internal/handbook sees.
func TestEveryRuleIsNeededAndNamed(t *testing.T) {
	n := processes(t, cluster.Spec{Nodes: 3, Persist: cluster.PersistNo})
	users := documented(t)
	for _, c := range []struct {
		user string
		mode redlock.Mode
	}{{"locks", redlock.Fenced}, {"plain", redlock.Plain}} {
		for at, rule := range users[c.user] {
			if !strings.ContainsAny(rule[:1], "+~&") {
				continue
			}
			t.Run(c.user+" without "+rule, func(t *testing.T) {
				addrs := n.as(t, c.user, slices.Delete(slices.Clone(users[c.user]), at, at+1))
				said := everythingSaid(t, addrs, c.mode)
				want := strings.Replace(rule, "~orders/*", "~orders/42", 1)
				if rule == "+info" {
					want = "INFO is refused"
				}
				optional := c.mode == redlock.Plain && slices.Contains([]string{"+time", "+eval", "+evalsha", "+pttl"}, rule)
				if !optional && !strings.Contains(said, want) {
					t.Errorf("nothing says %q:\n%s", want, said)
				}
				if found := diagnosed(t, addrs, c.mode, "orders/42"); !names(found, strings.Replace(rule, "~orders/*", "~orders/42", 1)) {
					t.Errorf("doctor does not say %q:\n%s", rule, found)
				}
				if strings.Contains(said, aclPassword) {
					t.Errorf("the password is in:\n%s", said)
				}
			})
		}
	}
}

// names reports whether text names a rule, and not merely one that begins like it.
func names(text, rule string) bool {
	return slices.ContainsFunc(strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(" \n,()", r) }),
		func(word string) bool { return strings.TrimSuffix(word, ":") == rule })
}

// diagnosed returns what doctor finds wrong.
func diagnosed(t *testing.T, addrs []string, mode redlock.Mode, keys ...string) string {
	t.Helper()
	r, err := doctor.Run(t.Context(), doctor.Config{
		Addrs: addrs, Timeout: 2 * time.Second, MaxTTL: 30 * time.Second, Plain: mode == redlock.Plain, Keys: keys,
	})
	if err != nil {
		t.Fatal(err)
	}
	var found strings.Builder
	for _, n := range r.Nodes {
		for _, f := range n.Findings {
			if f.Level != doctor.OK {
				fmt.Fprintln(&found, f.Level, f.Check, f.Text, f.Do)
			}
		}
	}
	return found.String()
}

// everythingSaid returns what a locker says of itself and of a lock from its beginning to its end.
func everythingSaid(t *testing.T, addrs []string, mode redlock.Mode) string {
	t.Helper()
	l, err := redlock.Dial(addrs, patient(redlock.Config{Mode: mode, TTL: 5 * time.Second, MaxTTL: 30 * time.Second, NoRenew: true}))
	if err != nil {
		t.Fatal(err)
	}
	defer closeLocker(t, l)
	var said strings.Builder
	health, err := l.Check(t.Context())
	fmt.Fprintln(&said, err)
	for _, one := range health.Nodes {
		fmt.Fprintln(&said, one.Err, one.Warning, one.Unknown)
	}
	lease, err := l.Lock(bounded(t, atOnce), "orders/42")
	fmt.Fprintln(&said, err)
	if err == nil {
		fmt.Fprintln(&said, lease.Extend(t.Context()))
		_, err := l.TryLock(t.Context(), "orders/42")
		fmt.Fprintln(&said, err)
		fmt.Fprintln(&said, lease.Unlock(t.Context()))
	}
	return said.String()
}
