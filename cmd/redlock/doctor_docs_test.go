package main

import (
	"os"
	"strings"
	"testing"
)

// The page has every check that doctor knows, and the verbs' flags. That its commands work, internal/handbook sees.
func TestDoctorDocsAreComplete(t *testing.T) {
	text, err := os.ReadFile("../../docs/doctor.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"judge", "memory", "acl", "compare"} {
		source, err := os.ReadFile("../../internal/doctor/" + file + ".go")
		if err != nil {
			t.Fatal(err)
		}
		for _, begin := range []string{`p.find("`, `p.fine("`, `Finding{"`, `check = "`} {
			for _, rest := range strings.Split(string(source), begin)[1:] {
				if check, _, _ := strings.Cut(rest, `"`); !strings.Contains(string(text), "| `"+check+"` |") {
					t.Errorf("docs/doctor.md does not have the check %s", check)
				}
			}
		}
	}
	for _, flag := range []string{"force", "deployment", "max-ttl", "watch", "json", "expect", "show-owners", "key", "allow-unknown", "durable-nodes", "plain", "node-timeout"} {
		if !strings.Contains(string(text), "--"+flag) {
			t.Errorf("docs/doctor.md does not have --%s", flag)
		}
	}
}
