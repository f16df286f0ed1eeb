package handbook

import (
	"slices"
	"strings"
	"testing"
)

// claim says which tests do what a block shows that is not run here.
type claim struct {
	page   string
	begins string // how the block's text begins
	tests  string // DIRECTORY.TestName, separated by blanks
}

// claims are for blocks that take more than a page's commands have here: time, machines, or a judgement of their own.
var claims = []claim{
	{"README.md", "package main", "integration.TestReadmeProgramLinksACheckout redlock.TestReadmeShowsAnExample"},
	{"README.md", "go mod edit -replace", "integration.TestReadmeProgramLinksACheckout"},
	{"README.md", "redlock: lock \"orders/42\": no quorum", "internal/handbook.TestErrorSamplesAreReal"},
	{"docs/errors.md", "redlock: lock \"orders/42\": held", "internal/handbook.TestErrorSamplesAreReal"},
	{"CONTRIBUTING.md", "spin -a -DVARIANT=NO_RAISE", "model.TestModels"},
	{"docs/chaos.md", "name: upgrade", "cmd/redlock.TestScenarioInTheDocsCanBePlayed"},
	{"docs/metrics.md", "locker, err := redlock.Dial(addrs", "integration.TestMetricsPageLinksACheckout"},
	{"docs/metrics.md", "go mod edit -replace", "integration.TestMetricsPageLinksACheckout"},
	{"examples/README.md", "go run ./examples/leader", "examples.TestLeader"},
	{"examples/README.md", "go run ./examples/cron", "examples.TestCron"},
	{"examples/README.md", "go run ./examples/tenants", "examples.TestTenants"},
	{"examples/README.md", "cd examples/fencing-sql", "examples/fencing-sql.TestPlay"},
	{"examples/README.md", "cd examples/prometheus", "examples/prometheus.TestScrapeHasWhatIsAskedFor"},
	{"examples/prometheus/README.md", "go run . -fresh", "examples/prometheus.TestScrapeHasWhatIsAskedFor examples/prometheus.TestConfigurationFindsTheService"},
	{"docs/how-it-works.md", " caller ", "internal/handbook.TestDiagramsNameWhatExists"},
	{"docs/how-it-works.md", " process A ", "internal/handbook.TestDiagramsNameWhatExists"},
	{"docs/how-it-works.md", "cmd/redlock ──>", "internal/house.TestImportsFollowTheArrows internal/handbook.TestDiagramsNameWhatExists"},
}

// useOfClaims counts for how many blocks each claim was used.
type useOfClaims map[claim]int

func (u useOfClaims) claimed(b *block) bool {
	for _, c := range claims {
		if c.page == b.page && strings.HasPrefix(b.text, c.begins) {
			u[c]++
			return true
		}
	}
	return false
}

// check looks whether each claim was of use, and whether the tests are there that it names.
func (u useOfClaims) check(t *testing.T, texts map[string]string) {
	t.Helper()
	for _, c := range claims {
		if _, there := texts[c.page]; !there {
			t.Logf("claims_test.go: there is no page %s", c.page)
			continue
		}
		if u[c] == 0 {
			t.Errorf("claims_test.go: no block of %s begins with %q: the line is of no use any more", c.page, c.begins)
		}
		for _, name := range strings.Fields(c.tests) {
			dir, test, _ := strings.Cut(name, ".Test")
			names, err := testsIn(dir)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Contains(names, "Test"+test) {
				t.Errorf("claims_test.go: there is no test %s, which claims a block of %s", name, c.page)
			}
		}
		if c.tests == "" {
			t.Errorf("claims_test.go: no test for %s, %q", c.page, c.begins)
		}
	}
}
