package report

import (
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
)

// A picture is well-formed, has its parts below each other, and refers to nothing outside.
func TestPictureStandsAlone(t *testing.T) {
	chart := &Chart{About: "a < b", Lines: []Line{{"p50", []Point{{0, 1}, {1, 2}}}}, X: Axis{Format: digits, Max: 1}, Y: Axis{Format: digits}}
	strip := &Strip{About: "rows", X: Axis{Format: digits, Max: 1}, Kinds: []Kind{{"held", Blue}}, Rows: []Row{{Name: "one", Spans: []Span{{From: 0, To: 1}}}}}
	var out strings.Builder
	p := Picture{Title: "T & co", Blocks: []Block{{Heading: "First", Chart: chart}, {Heading: "Second", Strip: strip}, {Heading: "Third", Chart: chart, Strip: strip}}}
	if err := p.Write(&out); err != nil {
		t.Fatal(err)
	}
	if refs := References(out.String()); len(refs) > 0 {
		t.Errorf("refers to %v", refs)
	}
	dec := xml.NewDecoder(strings.NewReader(out.String()))
	groups := 0
	for {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("%v in\n%s", err, out.String())
		}
		if start, ok := token.(xml.StartElement); ok && start.Name.Local == "g" {
			groups++
		}
	}
	if strings.Contains(out.String(), "<title>") || strings.Contains(out.String(), "probe\"") {
		t.Error("says something when pointed at")
	}
	if groups != 5 { // all of them, and four drawings
		t.Errorf("got %d groups, want 5", groups)
	}
	for _, want := range []string{"T &amp; co", "First", "Second", "Third"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no %q", want)
		}
	}
}

func digits(v float64) string { return fmt.Sprint(v) }
