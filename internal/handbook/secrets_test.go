package handbook

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/redis/go-redis/v9"
)

// secret matches the file that has the password of a Redis user of the same name.
var secret = regexp.MustCompile(`/run/secrets/([a-z]+)`)

// credentials returns a command with files of the stage's in place of those with passwords, and makes each user on the page's
// nodes by the line ACL SETUSER that the page has for it.
func (s *stage) credentials(line string) (string, error) {
	for _, m := range secret.FindAllStringSubmatch(line, -1) {
		file, name := m[0], m[1]
		_, rules, there := strings.Cut(s.page, "\nACL SETUSER "+name+" ")
		if !there {
			return "", fmt.Errorf("the page has no line ACL SETUSER %s", name)
		}
		rules, _, _ = strings.Cut(rules, "\n")
		password := "of-" + name
		words := append([]string{"ACL", "SETUSER", name}, strings.Fields(rules)...)
		at := slices.IndexFunc(words, func(word string) bool { return strings.HasPrefix(word, ">") })
		if at < 0 {
			return "", fmt.Errorf("the user %s has no password", name)
		}
		words[at] = ">" + password
		for _, addr := range s.masters() {
			if err := setUser(s, addr, words); err != nil {
				return "", err
			}
		}
		local := filepath.Join(s.dir, name+".password")
		if err := os.WriteFile(local, []byte(password+"\n"), 0o600); err != nil {
			return "", err
		}
		line = strings.ReplaceAll(line, file, local)
	}
	return line, nil
}

// setUser makes a user on a node by ACL SETUSER.
func setUser(s *stage, addr string, words []string) error {
	c := redis.NewClient(&redis.Options{Addr: addr})
	defer c.Close()
	args := make([]any, len(words))
	for i, word := range words {
		args[i] = word
	}
	return c.Do(s.t.Context(), args...).Err()
}
