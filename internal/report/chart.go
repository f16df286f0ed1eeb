package report

import (
	"html"
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

// Size is how large a chart is drawn, in pixels when nothing scales it.
type Size struct{ Width, Height int }

// The two sizes of a page's charts.
var (
	Wide  = Size{900, 300}
	Phone = Size{360, 280}
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
		size: size, x: c.X.fit(xs), y: c.Y.fit(ys), top: top,
		width: float64(size.Width - left - right), height: float64(size.Height - top - bottom),
	}
	d.printf(`<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, size.Width, size.Height, html.EscapeString(c.About))
	d.bands(c.Bands, d.bandNames(c.Bands))
	d.yAxis()
	d.xAxis()
	for i, line := range c.Lines {
		d.line(i, line.Points)
	}
	d.probes(c.Lines)
	d.printf("</svg>")
	return d.String()
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
		d.printf(`<rect class="probe" x="%.1f" y="%d" width="%.1f" height="%.1f"><title>%s</title></rect>`, from, d.top, to-from, d.height, html.EscapeString(text))
	}
}
