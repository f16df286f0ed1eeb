package main

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/prometheus/prometheus/model/rulefmt"
	"github.com/prometheus/prometheus/promql/parser"
)

// dashboard is what of Grafana's model this test looks at.
type dashboard struct {
	UID        string `json:"uid"`
	Title      string `json:"title"`
	Templating struct {
		List []struct{ Name, Type string } `json:"list"`
	} `json:"templating"`
	Panels []panel `json:"panels"`
}

type panel struct {
	ID          int    `json:"id"`
	Type        string `json:"type"`
	Title       string `json:"title"`
	Description string `json:"description"`
	GridPos     struct{ X, Y, W, H int }
	FieldConfig struct {
		Defaults struct {
			Unit string `json:"unit"`
		} `json:"defaults"`
	} `json:"fieldConfig"`
	Targets []struct {
		RefID      string `json:"refId"`
		Expr       string `json:"expr"`
		Datasource struct{ Type, UID string }
	} `json:"targets"`
}

func readDashboard(t *testing.T) dashboard {
	t.Helper()
	text, err := os.ReadFile("dashboard.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// grafana is what Grafana puts in the place of its variables before Prometheus sees a query.
var grafana = strings.NewReplacer("$__rate_interval", "1m", "$__range", "30m", "$job", ".*", "$instance", ".*")

func dashboardQueries(t *testing.T) []string {
	t.Helper()
	var queries []string
	for _, p := range readDashboard(t).Panels {
		for _, target := range p.Targets {
			queries = append(queries, grafana.Replace(target.Expr))
		}
	}
	if len(queries) < 15 {
		t.Fatalf("got %d queries in the dashboard, want at least 15", len(queries))
	}
	return queries
}

// ruleQueries returns what the rules ask for, apart from what this example is not meant to do: to win too late.
func ruleQueries(t *testing.T) []string {
	t.Helper()
	var queries []string
	for _, one := range readRules(t) {
		if one.Alert != "RedlockTooLate" {
			queries = append(queries, one.Expr)
		}
	}
	return queries
}

func readRules(t *testing.T) []rulefmt.Rule {
	t.Helper()
	text, err := os.ReadFile("rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	groups, errs := rulefmt.Parse(text, false, model.LegacyValidation, parser.NewParser(parser.Options{}))
	if len(errs) > 0 {
		t.Fatalf("rules.yml: %v", errs)
	}
	if len(groups.Groups) != 1 || len(groups.Groups[0].Rules) < 5 {
		t.Fatalf("got %+v, want one group of at least 5 rules", groups)
	}
	return groups.Groups[0].Rules
}

// selectors returns what a query selects.
func selectors(t *testing.T, query string) []*parser.VectorSelector {
	t.Helper()
	expr, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	var all []*parser.VectorSelector
	parser.Inspect(expr, func(n parser.Node, _ []parser.Node) error {
		if one, ok := n.(*parser.VectorSelector); ok {
			all = append(all, one)
		}
		return nil
	})
	return all
}

// Grafana shows what it is given without a word about what is wrong with it: panels that lie on top of each other, ids that
// are there twice, variables that nobody has declared.
func TestDashboardIsWhole(t *testing.T) {
	d := readDashboard(t)
	if d.UID == "" || d.Title == "" || len(d.Panels) < 15 {
		t.Errorf("got %q, %q, %d panels", d.UID, d.Title, len(d.Panels))
	}
	variables := []string{"__rate_interval", "__range"}
	for _, v := range d.Templating.List {
		variables = append(variables, v.Name)
	}
	taken := make(map[[2]int]string)
	ids := make(map[int]bool)
	for _, p := range d.Panels {
		if ids[p.ID] || p.Title == "" || p.Description == "" || p.FieldConfig.Defaults.Unit == "" || len(p.Targets) == 0 || !slices.Contains([]string{"stat", "timeseries"}, p.Type) {
			t.Errorf("panel %d, %q: want an id of its own, a title, a description, a unit, a query and a type that is known", p.ID, p.Title)
		}
		ids[p.ID] = true
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				if other := taken[[2]int{x, y}]; other != "" || x >= 24 {
					t.Fatalf("panel %q lies on %q, or beside the page", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
		for _, target := range p.Targets {
			if target.Datasource.Type != "prometheus" || target.Datasource.UID != "${datasource}" || target.RefID == "" {
				t.Errorf("panel %q: got the data source %+v, want the variable", p.Title, target.Datasource)
			}
			for _, word := range strings.Split(target.Expr, "$")[1:] {
				name := strings.FieldsFunc(word, func(r rune) bool { return r != '_' && (r < 'a' || r > 'z') })[0]
				if !slices.Contains(variables, name) {
					t.Errorf("panel %q: $%s is declared nowhere", p.Title, name)
				}
			}
		}
	}
}

// A rule says how bad it is, and what it means.
func TestRulesExplainThemselves(t *testing.T) {
	for _, one := range readRules(t) {
		if severity := one.Labels["severity"]; severity != "page" && severity != "ticket" {
			t.Errorf("%s: got the severity %q, want page or ticket", one.Alert, severity)
		}
		if one.Annotations["summary"] == "" || one.Annotations["description"] == "" {
			t.Errorf("%s: want a summary and a description", one.Alert)
		}
	}
}

// The configuration scrapes the service where it listens, and names the rules.
func TestConfigurationFindsTheService(t *testing.T) {
	text, err := os.ReadFile("prometheus.yml")
	if err != nil {
		t.Fatal(err)
	}
	main, err := os.ReadFile("main.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`["127.0.0.1:9464"]`, "- rules.yml"} {
		if !strings.Contains(string(text), want) {
			t.Errorf("prometheus.yml: got no %s", want)
		}
	}
	if !strings.Contains(string(main), `"127.0.0.1:9464"`) {
		t.Error("main.go does not listen where prometheus.yml scrapes")
	}
}
