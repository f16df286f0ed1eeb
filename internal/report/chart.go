package report

import (
	"fmt"
	"html"
	"math"
	"strings"
)

// Chart is lines over an axis, with bands behind them.
type Chart struct {
	About    string // what it shows, for those who do not see it
	X, Y     Axis
	Lines    []Line // at most 4
	Bands    []Band
	BandName string // what a band is, for the legend
}

// Line is points from left to right. A point whose Y has no place on the axis, such as NaN, is a gap.
type Line struct {
	Name   string
	Points []Point
}

// Point is one point of a line.
type Point struct{ X, Y float64 }

// Band is a part of the X axis.
type Band struct {
	From, To float64
	Name     string
}

// Size is how large a chart is drawn, in pixels when nothing scales it.
type Size struct{ Width, Height int }

// The two sizes of a page's charts.
var (
	Wide  = Size{900, 300}
	Phone = Size{360, 280}
)

// Room for what stands around the lines.
const (
	left, right, top, bottom = 58, 14, 22, 40
)

// SVG returns the chart as an element for a page, in the colours of the page's style.
func (c *Chart) SVG(size Size) string {
	var xs, ys []float64
	for _, line := range c.Lines {
		for _, p := range line.Points {
			xs, ys = append(xs, p.X), append(ys, p.Y)
		}
	}
	d := &drawing{
		size: size, x: c.X.fit(xs), y: c.Y.fit(ys),
		width: float64(size.Width - left - right), height: float64(size.Height - top - bottom),
	}
	d.printf(`<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, size.Width, size.Height, html.EscapeString(c.About))
	d.bands(c.Bands)
	d.axes()
	for i, line := range c.Lines {
		d.line(i, line.Points)
	}
	d.probes(c.Lines)
	d.printf("</svg>")
	return d.String()
}

// drawing is an SVG element that is being written.
type drawing struct {
	strings.Builder
	size          Size
	x, y          Axis
	width, height float64 // of the field that lines are in
}

func (d *drawing) printf(format string, args ...any) { fmt.Fprintf(d, format, args...) }

// across and down return where a value is, in pixels.
func (d *drawing) across(v float64) float64 { return left + d.x.at(v)*d.width }
func (d *drawing) down(v float64) float64   { return top + (1-d.y.at(v))*d.height }

// bands shades the parts and puts their names above; one that would run into the last one goes a row down.
func (d *drawing) bands(bands []Band) {
	until, row := math.Inf(-1), 0
	for _, b := range bands {
		from, to := d.across(b.From), d.across(b.To)
		d.printf(`<rect class="band" x="%.1f" y="%d" width="%.1f" height="%.1f"><title>%s</title></rect>`,
			from, top, max(1.5, to-from), d.height, html.EscapeString(b.Name))
		width := 6.4 * float64(len(b.Name))
		at := max(0, min(from+2, float64(d.size.Width)-width))
		if at < until {
			row++
		} else {
			row = 0
		}
		until = max(until, at+width+6)
		d.printf(`<text class="bandname" x="%.1f" y="%d">%s</text>`, at, top-6+row*15, html.EscapeString(b.Name))
	}
}

func (d *drawing) axes() {
	floor := top + d.height
	for _, v := range d.y.ticks(10) {
		y := d.down(v)
		d.printf(`<line class="grid" x1="%d" y1="%.1f" x2="%.1f" y2="%.1f"/>`, left, y, left+d.width, y)
		d.printf(`<text x="%d" y="%.1f" text-anchor="end">%s</text>`, left-6, y+4, html.EscapeString(d.y.Format(v)))
	}
	free := math.Inf(-1)
	for _, v := range d.x.ticks(int(d.width / 60)) {
		x, text := d.across(v), d.x.Format(v)
		half := 3.4 * float64(len(text))
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

// line draws runs of points that have a place, and a dot for one that is alone.
func (d *drawing) line(number int, points []Point) {
	var run []Point
	flush := func() {
		switch {
		case len(run) == 1:
			d.printf(`<circle class="dot d%d" cx="%.1f" cy="%.1f" r="2.5"/>`, number, d.across(run[0].X), d.down(run[0].Y))
		case len(run) > 1:
			d.printf(`<path class="curve s%d" d="`, number)
			for i, p := range run {
				d.printf("%c%.1f %.1f", "ML"[min(i, 1)], d.across(p.X), d.down(p.Y))
			}
			d.printf(`"/>`)
		}
		run = run[:0]
	}
	for _, p := range points {
		if d.x.has(p.X) && d.y.has(p.Y) {
			run = append(run, p)
		} else {
			flush()
		}
	}
	flush()
}

// probes lays a strip over each point of the first line that says, when pointed at, what all lines have there.
func (d *drawing) probes(lines []Line) {
	if len(lines) == 0 || d.size != Wide {
		return
	}
	points := lines[0].Points
	for i, p := range points {
		from, to := d.across(p.X), d.across(p.X)
		if i > 0 {
			from = (from + d.across(points[i-1].X)) / 2
		}
		if i < len(points)-1 {
			to = (to + d.across(points[i+1].X)) / 2
		}
		if to <= from {
			continue
		}
		text := d.x.Format(p.X)
		for _, line := range lines {
			if i < len(line.Points) && line.Points[i].X == p.X && d.y.has(line.Points[i].Y) {
				text += "\n" + line.Name + " " + d.y.Format(line.Points[i].Y)
			}
		}
		d.printf(`<rect class="probe" x="%.1f" y="%d" width="%.1f" height="%.1f"><title>%s</title></rect>`, from, top, to-from, d.height, html.EscapeString(text))
	}
}
