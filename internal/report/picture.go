package report

import (
	"fmt"
	"html"
	"io"
	"regexp"
	"strings"
)

// Picture is charts and strips of a page as one image, for places that show no pages.
type Picture struct {
	Title  string
	Blocks []Block // of which the heading, the chart and the strip are drawn
}

// Room for what a picture adds to its parts.
const (
	pictureMargin = 20
	headingRoom   = 34
)

// Write writes the picture as an SVG file that refers to nothing outside, as wide as a page's charts.
func (p *Picture) Write(w io.Writer) error {
	var body strings.Builder
	y := pictureMargin
	heading := func(text, size string) {
		fmt.Fprintf(&body, `<text class="heading" x="0" y="%d" font-size="%s">%s</text>`, y+18, size, html.EscapeString(text))
		y += headingRoom
	}
	heading(p.Title, "20")
	for _, b := range p.Blocks {
		heading(b.Heading, "15")
		if b.Chart != nil {
			y += place(&body, b.Chart.SVG(Wide), y)
		}
		if b.Strip != nil {
			y += place(&body, b.Strip.SVG(Wide), y)
		}
	}
	width, height := Wide.Width+2*pictureMargin, y+pictureMargin
	_, err := fmt.Fprintf(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" aria-label="%s">`+
		`<style>%s .ground { fill: var(--page); } svg .heading { fill: var(--ink); font-weight: 600; }</style>`+
		`<rect class="ground" width="%d" height="%d"/><g transform="translate(%d 0)">%s</g></svg>`+"\n",
		width, height, width, height, html.EscapeString(p.Title), pageStyle, width, height, pictureMargin, body.String())
	return err
}

// place puts a drawing at a height, and returns how high it is.
func place(to *strings.Builder, svg string, y int) (height int) {
	head, inner, _ := strings.Cut(svg, ">")
	_, box, _ := strings.Cut(head, `viewBox="0 0 `)
	var width int
	if _, err := fmt.Sscanf(box, "%d %d", &width, &height); err != nil {
		panic(err) // SVG writes it
	}
	fmt.Fprintf(to, `<g transform="translate(0 %d)">%s</g>`, y, pointed.ReplaceAllString(strings.TrimSuffix(inner, "</svg>"), ""))
	return height
}

// pointed is what a drawing says when it is pointed at, which images cannot be.
var pointed = regexp.MustCompile(`<rect class="probe"[^>]*><title>[^<]*</title></rect>|<title>[^<]*</title>`)
