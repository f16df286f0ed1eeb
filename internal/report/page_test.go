package report

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"strings"
	"testing"
)

func sample() *Chart {
	return &Chart{
		About: `latency "over" time`, X: Axis{Name: "time"}, Y: Axis{Name: "latency", Scale: Log},
		Lines: []Line{{Name: "p50", Points: []Point{{0, 1}, {1, 2}, {2, math.NaN()}, {3, 4}, {4, 0}, {5, 5}, {6, 7}}}},
		Bands: []Band{{From: 1, To: 2, Name: "kill:2"}, {From: 1.1, To: 9, Name: "<pause>"}},
	}
}

// A chart or strip is well-formed, at both sizes, and nothing in it is not a number.
func TestDrawingIsWellFormed(t *testing.T) {
	number := regexp.MustCompile(`^-?[0-9.]+$`)
	for name, c := range map[string]drawn{
		"full": sample(), "empty": &Chart{}, "one point": &Chart{Lines: []Line{{Points: []Point{{1, 1}}}}},
		"strip": chaosPage(Failed).Blocks[1].Strip, "odd strip": addressStrip(), "empty strip": &Strip{},
		"no numbers": &Strip{Rows: []Row{{Name: "<&>", Spans: []Span{{math.NaN(), 1, 0, "", false}, {1, math.NaN(), 0, "", true}, {math.Inf(-1), math.Inf(1), 0, "", true}}}}},
	} {
		for _, size := range []Size{Wide, Phone} {
			svg := c.SVG(size)
			d := xml.NewDecoder(strings.NewReader(svg))
			for {
				token, err := d.Token()
				if errors.Is(err, io.EOF) {
					break
				}
				if err != nil {
					t.Fatalf("%s: %v in %s", name, err, svg)
				}
				start, ok := token.(xml.StartElement)
				if !ok {
					continue
				}
				for _, a := range start.Attr {
					if len(a.Name.Local) <= 2 && a.Name.Local != "d" && !number.MatchString(a.Value) {
						t.Errorf("%s: got %s=%q in <%s>", name, a.Name.Local, a.Value, start.Name.Local)
					}
				}
			}
			if strings.Contains(svg, "NaN") || strings.Contains(svg, "Inf") {
				t.Errorf("%s: got no number in %s", name, svg)
			}
		}
	}
}

// A value that has no place is a gap in the line: the points around it are not joined, and a lone one is a dot.
func TestGapsAreNotBridged(t *testing.T) {
	svg := sample().SVG(Phone)
	if got := strings.Count(svg, `class="curve`); got != 2 {
		t.Errorf("got %d runs, want 2", got)
	}
	if got := strings.Count(svg, `class="dot`); got != 1 {
		t.Errorf("got %d dots, want 1", got)
	}
}

// A page refers to nothing outside of itself and runs no script, and texts cannot break out of it.
func TestPageStandsAlone(t *testing.T) {
	p := Page{
		Title: "a <b>", Lead: []string{"lead"}, Warnings: []string{"not <script>alert(1)</script>"},
		Figures: []Figure{{"1", "one", "note"}}, Footer: []string{"end"}, Verdict: Verdict{"<b>", Failed, "<i>"},
		Blocks: []Block{{Heading: "chart", Chart: sample()}, {Heading: "strip", Strip: &Strip{
			About: `"<b>`, Kinds: []Kind{{"<b>", Dark}, {"<i>", Sky}}, Bands: []Band{{1, 2, "<pause>"}}, BandName: "<i>", BadName: "<b>",
			Rows: []Row{{Name: "<b>", Note: "<i>", Spans: []Span{{0, 9, 0, "<b>", false}, {1, 2, 1, "<b>", true}}}},
		}}, {Heading: "table", Table: &Table{Head: []string{"a", "b"}, Rows: [][]string{{"x", "http://example.com/<i>"}}}}},
	}
	var b strings.Builder
	if err := p.Write(&b); err != nil {
		t.Fatal(err)
	}
	if got := References(b.String()); len(got) > 0 {
		t.Errorf("got references %q, want none", got)
	}
	for _, bad := range []string{"<script", "<i>", "<b>", "<pause>"} {
		if strings.Contains(b.String(), bad) {
			t.Errorf("got %q in the page", bad)
		}
	}
	for _, want := range []string{"prefers-color-scheme: dark", "max-width: 640px", `name="viewport"`, "a &lt;b&gt;"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("got no %q in the page", want)
		}
	}
}

// What would make a browser fetch something is found.
func TestReferencesAreFound(t *testing.T) {
	for _, bad := range []string{
		`<img src="x.png">`, `<link href='x.css'>`, `<style>@import "x"; </style>`, `p { background: url(x.png) }`,
		`<script>1</script>`, `<iframe srcdoc="x">`, `<a xlink:href="x">`, `<form action="/x">`,
	} {
		if got := References(bad); len(got) == 0 {
			t.Errorf("found nothing in %s", bad)
		}
	}
}
