package node

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// What locking needs of a Redis user has every command that the scripts use.
func TestNeedsHaveEveryCommandOfTheScripts(t *testing.T) {
	var rules []string
	for _, need := range Needs(true) {
		rules = append(rules, need.Rule)
	}
	called := regexp.MustCompile(`call\('([A-Z]+)'(?:, '(NUMSUB)')?`)
	seen := 0
	for name, source := range Scripts() {
		for _, found := range called.FindAllStringSubmatch(source, -1) {
			seen++
			rule := "+" + strings.ToLower(found[1])
			if found[2] != "" {
				rule += "|" + strings.ToLower(found[2])
			}
			if !slices.Contains(rules, rule) {
				t.Errorf("%s uses %s, which is not in %q", name, rule, rules)
			}
		}
	}
	if seen < 40 {
		t.Errorf("got %d commands in the scripts, want at least 40", seen)
	}
}

// What a server forbids is named, with the rule that is missing, in the words of every version.
func TestRefusalsSayWhatToAdd(t *testing.T) {
	for text, want := range map[string]string{
		"NOPERM this user has no permissions to run the 'evalsha' command or its subcommand":                    "(the Redis user needs +evalsha)", // Redis 6
		"NOPERM this user has no permissions to run the 'mget' command":                                         "(the Redis user needs +mget)",    // Redis 7.0
		"NOPERM User locks has no permissions to run the 'pubsub|numsub' command":                               "(the Redis user needs +pubsub|numsub)",
		"NOPERM this user has no permissions to access one of the keys used as arguments":                       "(the Redis user needs ~orders/42, or a pattern for it, and ~quorumlock:*)",
		"NOPERM No permissions to access a key":                                                                 "(the Redis user needs ~orders/42, or a pattern for it, and ~quorumlock:*)", // Redis 7.2
		"NOPERM this user has no permissions to access one of the channels used as arguments":                   "(the Redis user needs &quorumlock:*)",
		"NOPERM No permissions to access a channel":                                                             "(the Redis user needs &quorumlock:*)",
		"WRONGPASS invalid username-password pair or user is disabled.":                                         "(check the user and the password)",
		"NOAUTH Authentication required.":                                                                       "(give a user and a password)",
		"LOADING Redis is loading the dataset in memory":                                                        "memory",
		"ERR unknown command 'EVALSHA', with args beginning with: 'hunter2'":                                    "ERR unknown command 'EVALSHA'",
		"NOPERM ACL failure in script: User locks has no permissions to run the 'time' command script: x, on @": "(the Redis user needs +time)", // Redis 7.2
	} {
		s := serve(t, func([]string) string { return "-" + text })
		client := redis.NewClient(&redis.Options{Addr: s.addr, MaxRetries: -1, DisableIdentity: true, Protocol: 2})
		defer client.Close()
		got := explainAt(client.Get(t.Context(), "x").Err(), time.Second, "orders/42").Error()
		if !strings.HasSuffix(got, want) || strings.Contains(got, "hunter2") {
			t.Errorf("got %q, want %q at its end", got, want)
		}
	}
}
