package report

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// Room for what stands around the field of a chart or a strip. Left and right are the same for both, so that the same
// moment stands at the same place in all drawings of a page.
const (
	left, right, top, bottom = 64, 14, 22, 40
)

// How wide letters are at most on average, in pixels of a drawing's 12 px font: of names, and of figures.
const (
	letter = 6.4
	figure = 6.8
)

// drawing is an SVG element that is being written.
type drawing struct {
	strings.Builder
	size          Size
	x, y          Axis
	top           int     // where the field begins
	width, height float64 // of the field
}

func (d *drawing) printf(format string, args ...any) { fmt.Fprintf(d, format, args...) }

// across and down return where a value is, in pixels.
func (d *drawing) across(v float64) float64 { return left + d.x.at(v)*d.width }
func (d *drawing) down(v float64) float64   { return float64(d.top) + (1-d.y.at(v))*d.height }

func (d *drawing) yAxis() {
	for _, v := range d.y.ticks(10) {
		y := d.down(v)
		d.printf(`<line class="grid" x1="%d" y1="%.1f" x2="%.1f" y2="%.1f"/>`, left, y, left+d.width, y)
		d.printf(`<text x="%d" y="%.1f" text-anchor="end">%s</text>`, left-6, y+4, html.EscapeString(d.y.Format(v)))
	}
}

func (d *drawing) xAxis() {
	floor := float64(d.top) + d.height
	free := math.Inf(-1)
	for _, v := range d.x.ticks(int(d.width / 60)) {
		x, text := d.across(v), d.x.Format(v)
		half := figure / 2 * float64(len(text))
		d.printf(`<line class="axis" x1="%.1f" y1="%.1f" x2="%.1f" y2="%.1f"/>`, x, floor, x, floor+4)
		if x-half < free {
			continue
		}
		anchor, at := "middle", x
		if x+half > float64(d.size.Width) {
			anchor, at = "end", float64(d.size.Width)
		}
		free = x + half + 6
		d.printf(`<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, at, floor+17, anchor, html.EscapeString(text))
	}
	d.printf(`<line class="axis" x1="%d" y1="%.1f" x2="%.1f" y2="%.1f"/>`, left, floor, left+d.width, floor)
	d.printf(`<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, left+d.width/2, floor+34, html.EscapeString(d.x.Name))
}

// cut returns a text that has room in so many pixels, with an ellipsis for what has none.
func cut(text string, room float64) string {
	letters := []rune(text)
	fit := max(0, int(room/letter))
	switch {
	case len(letters) <= fit:
		return text
	case fit < 2:
		return ""
	}
	return string(letters[:fit-1]) + "…"
}
