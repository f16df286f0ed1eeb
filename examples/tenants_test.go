package examples

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/quorumlock/quorumlock/redlock"
)

// Each of six tenants is served by one of three processes at a time, none of which takes more than it may; when one is
// killed, the others take its tenants over; when all have been interrupted, every tenant is free.
func TestTenants(t *testing.T) {
	s := newStage(t, "tenants")
	s.shown = append(s.shown, "cyan", "pink", "gold")
	tenants := s.shown[len(s.shown)-6:]
	for _, name := range []string{"a", "b", "c"} {
		s.enter(name, "-name", name, "-max", "3", "-look", "200ms", "-ttl", "3s")
	}
	serving := make(map[string]string) // tenant to process
	count := func(name string) (n int) {
		for _, other := range serving {
			if other == name {
				n++
			}
		}
		return n
	}
	see := func(line string) bool {
		words := strings.Fields(strings.ReplaceAll(line, ",", ""))
		if len(words) < 3 || !slices.Contains(tenants, words[2]) {
			t.Fatalf("got the line %q", line)
		}
		name, tenant := words[0], words[2]
		before, served := serving[tenant]
		if _, lives := s.actors[before]; words[1] == "serves" {
			if served && lives {
				t.Errorf("%s serves %s while %s does", name, tenant, before)
			}
			serving[tenant] = name
		} else {
			if before != name {
				t.Errorf("%s leaves %s, which is served by %q", name, tenant, before)
			}
			delete(serving, tenant)
		}
		if count(name) > 3 {
			t.Errorf("%s serves %d tenants, want at most 3", name, count(name))
		}
		return len(serving) == len(tenants)
	}
	s.until("every tenant to be served", see)
	s.kill("b")
	for tenant, name := range serving {
		if name == "b" {
			delete(serving, tenant)
		}
	}
	if len(serving) < len(tenants) {
		s.until("the others to serve all tenants", see)
	}
	if count("a") != 3 || count("c") != 3 {
		t.Errorf("got %v, want three tenants each for those who are left", fmt.Sprint(serving))
	}
	s.interruptAll()
	for _, tenant := range tenants {
		s.free("tenants/"+tenant, redlock.Config{})
	}
}
