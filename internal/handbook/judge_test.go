package handbook

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"
)

// advice is what to do about a block that nobody can judge.
const advice = `run it here (judge_test.go says how each language is), or write a test that does what it says, and add a line with
this page, the beginning of the block and the test's name to the table in internal/handbook/claims_test.go`

// Every block of every page is true: commands run, code is code that is tested, settings are taken by the program that they
// are for. What cannot be run here is claimed by a test that exists.
func TestEveryBlockIsTrue(t *testing.T) {
	texts := pages(t)
	used := useOfClaims{}
	count := map[string]int{}
	for _, page := range slices.Sorted(maps.Keys(texts)) {
		all, err := blocks(page, texts[page])
		if err != nil {
			t.Error(err)
			continue
		}
		var left []*block
		for _, b := range all {
			count[b.language]++
			if !used.claimed(b) {
				left = append(left, b)
			}
		}
		if len(left) > 0 {
			t.Run(page, func(t *testing.T) {
				t.Parallel()
				s := newStage(t, texts[page])
				for _, b := range left {
					if err := s.judge(b); err != nil {
						t.Errorf("%v: %v", b, err)
					}
				}
			})
		}
	}
	used.check(t, texts)
	if count["sh"] < 20 || count["go"] < 1 || count[""] < 5 {
		t.Errorf("looked at %v, want more", count)
	}
}

// judge returns what is wrong with a block.
func (s *stage) judge(b *block) error {
	switch b.language {
	case "sh", "bash", "console", "shell":
		out, err := s.run(b.text)
		s.printed[b] = out
		return err
	case "go", "lua", "sql":
		return inSource(b)
	case "yaml", "yml":
		return parsed(b, func(text string) error {
			return documents(yaml.NewDecoder(strings.NewReader(text)).Decode)
		})
	case "json", "ndjson":
		return parsed(b, func(text string) error {
			return documents(json.NewDecoder(strings.NewReader(text)).Decode)
		})
	case "conf", "redis":
		return s.serves(b)
	case "crontab":
		return s.ticks(b)
	case "":
		if strings.HasPrefix(b.text, "ACL SETUSER ") {
			return s.allows(b)
		}
		return s.output(b)
	}
	return fmt.Errorf("nobody knows how to try %q:\n%s\nwhat to do: %s", b.language, b.text, advice)
}

func parsed(b *block, parse func(text string) error) error {
	if strings.TrimSpace(b.text) == "" {
		return errors.New("is empty")
	}
	return parse(b.text)
}

// documents decodes one after the other until there are no more.
func documents(decode func(any) error) error {
	for count := 0; ; count++ {
		var value any
		switch err := decode(&value); {
		case errors.Is(err, io.EOF) && count > 0:
			return nil
		case err != nil:
			return err
		}
	}
}

// A block that is wrong is found out, in each language.
func TestWrongBlocksAreFoundOut(t *testing.T) {
	s := newStage(t, "")
	for _, b := range []*block{
		{language: "sh", text: "make nonsense\n"},
		{language: "sh", text: "no-such-command\n"},
		{language: "sh", text: "false\ntrue\n"},
		{language: "sh", text: "go run ./cmd/redlock bench --no-such-flag\n"},
		{language: "sh", text: "go run ./cmd/nonsense\n"},
		{language: "sh", text: "go test ./redlock -run TestThereIsNone\n"},
		{language: "sh", text: "go test ./nowhere\n"},
		{language: "sh", text: "go test ./internal/sim -run TestMutants -no-such-flag 1\n"},
		{language: "sh", text: "make chaos ARGS='no-such-preset'\n"},
		{language: "sh", text: "make bench ARGS='--no-such-flag'\n"},
		{language: "sh", text: "true   # exits 3\n"},
		{language: "go", text: "locker, err := redlock.Dial(addrs, redlock.Config{Nonsense: true})\n"},
		{language: "lua", text: "return redis.call('NONSENSE')\n"},
		{language: "yaml", text: "a: [1\n"},
		{language: "yaml", text: "\n"},
		{language: "json", text: `{"a":}`},
		{language: "conf", text: "nonsense yes\n"},
		{language: "conf", text: "maxmemory 100mb\nmaxmemory-policy allkeys-lru\n"},
		{language: "conf", text: "port 0\ntls-port 6379\ntls-ca-cert-file /etc/redis/ca.pem\ntls-cert-file /etc/redis/node.pem\ntls-key-file /etc/redis/another.key\n"},
		{language: "crontab", text: "0 3 * *  true\n"},
		{language: "crontab", text: "0 3 * * *  false\n"},
		{language: "crontab", text: "A=1\n"},
		{language: "sh", text: "redlock status no-key --no-such-flag\n"},
		{language: "sh", text: "redlock doctor --tls-ca ca.pem --addr 10.0.0.1:6379,10.0.0.2:6379,10.0.0.3:6379\n"},
		{language: "sh", text: "redlock doctor --user nobody --password-file /run/secrets/nobody\n"},
		{language: "", text: "ACL SETUSER init reset on >secret ~* -@all +eval +get +set +del +time +info\n"},
		{language: "", text: "ACL SETUSER doctor reset on >secret ~orders/* ~quorumlock:* &quorumlock:* -@all +eval +evalsha +get +set +mget +del +pexpire +pttl +time +info +zadd +zrem +zrange +zpopmin +publish +subscribe +pubsub|numsub +ping\n"},
		{language: "", text: "whatever\n"},
		{language: "", text: "$ echo one\ntwo\n"},
		{language: "", text: "ACL SETUSER locks reset on >secret ~a/* ~quorumlock:* &quorumlock:* -@all +eval\n"},
		{language: "cobol", text: "MOVE 1 TO X\n"},
	} {
		if err := s.judge(b); err == nil {
			t.Errorf("got no error for %s %q", b.language, b.text)
		}
	}
}

// What is right passes, in each language: an error of the judge's would hide behind those above.
func TestRightBlocksPass(t *testing.T) {
	s := newStage(t, "")
	said := &block{language: "sh", text: "echo took 17 ms and 3.5 s\n"}
	for _, b := range []*block{
		said,
		{language: "", text: "took 20 µs and 1 s\n", before: said},
		{language: "", text: "$ echo one; echo two; echo three\none\n...\nthree\n"},
		{language: "sh", text: "make   # lists the targets\nmake unit\nmake sim-long SIM=1h SEED=100000\n"},
		{language: "sh", text: "go test ./redlock -run 'Wait|Queue'\nQUORUMLOCK_CYCLES=10 go test -count=1 -timeout=90m -v ./integration -run '^(TestServerErrors|TestTLS)$'\n"},
		{language: "sh", text: "go run ./cmd/redlock version\nmake chaos ARGS='amnesia --nodes process:5'\n"},
		{language: "sh", text: "redis-cli -h 10.0.0.1 -p 6379 set a 1 >/dev/null   # one node\n[ \"$(redis-cli -p 7101 get a)\" = 1 ]\n"},
		{language: "sh", text: "false   # exits 1, because it must\n"},
		{language: "yaml", text: "a: 1\n---\nb: [1, 2]\n"},
		{language: "json", text: "{\"a\":1}\n{\"a\":2}\n"},
		{language: "conf", text: "appendonly yes\nappendfsync always\nmaxmemory-policy noeviction\n"},
		{language: "sh", text: "sh -c './deploy.sh --now'\n"},
		{language: "crontab", text: "# a comment\nA=1\n*/5 3 1-5 * mon  [ $A = 1 ] && /usr/local/bin/nightly\n"},
		{language: "", text: "ACL SETUSER plain reset on >secret ~orders/* ~quorumlock:* -@all +eval +evalsha +get +set +del +pexpire +pttl +info +time\n"},
		{language: "lua", text: "local run, history, former, longest, members = ARGV[1], ARGV[2], ARGV[3], ARGV[4], ARGV[5]\n"},
	} {
		if err := s.judge(b); err != nil {
			t.Errorf("%s %q: %v", b.language, b.text, err)
		}
	}
}
