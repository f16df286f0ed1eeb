package report

import (
	"fmt"
	"html"
	"unicode/utf8"
)

// Strip is what several things did over time: a row for each, with spans of what it was. Its X axis stands exactly below
// that of a chart with the same range.
type Strip struct {
	About string // what it shows, for those who do not see it
	X     Axis
	Rows  []Row
	// Kinds are what spans can be, for the legend. Where spans are on each other, that of the later kind is seen, and a
	// bad one before all.
	Kinds    []Kind
	Bands    []Band
	BandName string // what a band is, for the legend
	BadName  string // what a bad span is, for the legend
}

// Row is one thing.
type Row struct {
	Name  string // beside its spans, or above all of them where the names are too long for that
	Note  string // what to know about it, above its spans
	Spans []Span // in any order
}

// Kind is what a span can be.
type Kind struct {
	Name  string
	Paint Paint
}

// Paint is how spans of a kind look. Red is for what is bad.
type Paint uint8

const (
	Faint Paint = iota // a thin line: the usual state, which needs no look
	Dark
	Blue
	Orange
	Green
	Purple
	Sand
	Sky
)

// Span is a part of a row. It is seen however short it is; what lies outside of the axis is drawn at its end.
type Span struct {
	From, To float64 // NaN: it is not drawn
	Kind     int     // index into the strip's Kinds
	Title    string  // said when it is pointed at
	Bad      bool    // red, above all others, with a mark over it
}

// Sizes within a strip, in pixels.
const (
	barHeight  = 14
	lineHeight = 4  // of Faint spans
	markRoom   = 12 // above each bar, for the marks of bad spans
	wordsRoom  = 16 // above that, for names and notes
)

// SVG returns the strip as an element for a page, in the colours of the page's style. Only the width of size counts: the
// height is that of the rows.
//
// A row of n pixels has at most 2n+1 spans of each kind, and as many bad ones, however many it was given: see merge.
func (s *Strip) SVG(size Size) string {
	rowHeight := markRoom + barHeight
	if _, above := s.words(); above {
		rowHeight += wordsRoom
	}
	var ends []float64
	for _, row := range s.Rows {
		for _, span := range row.Spans {
			ends = append(ends, span.From, span.To)
		}
	}
	d := &drawing{size: size, x: s.X.fit(ends), width: float64(size.Width - left - right), height: float64(len(s.Rows)*rowHeight + 5)}
	names := d.bandNames(s.Bands)
	for _, n := range names {
		d.top = max(d.top, top+n.row*15)
	}
	d.size.Height = d.top + int(d.height) + bottom
	d.printf(`<svg viewBox="0 0 %d %d" role="img" aria-label="%s">`, size.Width, d.size.Height, html.EscapeString(s.About))
	d.bands(s.Bands, names)
	d.xAxis()
	for i, row := range s.Rows {
		d.row(s, row, d.top+(i+1)*rowHeight-barHeight)
	}
	d.printf("</svg>")
	return d.String()
}

// HasBad reports whether any span is bad, so that the legend explains it.
func (s *Strip) HasBad() bool {
	for _, row := range s.Rows {
		for _, span := range row.Spans {
			if span.Bad {
				return true
			}
		}
	}
	return false
}

// words reports beside, whether the rows' names stand beside their spans, because all are short enough; above, whether there is
// something to stand above the spans: long names, or notes.
func (s *Strip) words() (beside, above bool) {
	beside = true
	for _, row := range s.Rows {
		beside = beside && letter*float64(utf8.RuneCountInString(row.Name)) <= left-6
		above = above || row.Note != ""
	}
	return beside, above || !beside
}

// row draws one row whose bar begins at y.
func (d *drawing) row(s *Strip, row Row, y int) {
	d.printf(`<line class="grid" x1="%d" y1="%d" x2="%.1f" y2="%d"/>`, left, y+barHeight/2, left+d.width, y+barHeight/2)
	kinds, bad := d.merge(row.Spans, len(s.Kinds))
	for i, spans := range kinds {
		d.kind(s.Kinds[i], spans, y, len(s.Kinds) > 1)
	}
	for _, m := range bad {
		x, width := d.place(m, 3)
		d.printf(`<rect class="bad" x="%.1f" y="%d" width="%.1f" height="%d">`, x, y-1, width, barHeight+2)
		d.title(m, s.BadName)
		d.printf(`</rect><path class="bad" d="M%.1f %dh12l-6 9z"/>`, x+width/2-6, y-markRoom+1)
	}
	base := y - 5
	if len(bad) > 0 {
		base = y - markRoom - 1 // above the marks
	}
	d.words(s, row, y, base)
}

// words puts a row's name and note beside its bar, which begins at y, or above it, on the given base line.
func (d *drawing) words(s *Strip, row Row, y, base int) {
	beside, above := s.words()
	note := float64(left)
	if beside {
		d.printf(`<text class="rowname" x="%d" y="%d" text-anchor="end">%s</text>`, left-6, y+11, html.EscapeString(row.Name))
	} else {
		name := cut(row.Name, d.width)
		d.printf(`<text class="rowname" x="%d" y="%d">%s</text>`, left, base, html.EscapeString(name))
		note += letter*float64(utf8.RuneCountInString(name)) + 8
	}
	if above {
		d.printf(`<text x="%.1f" y="%d">%s</text>`, note, base, html.EscapeString(cut(row.Note, left+d.width-note)))
	}
}

// kind draws a row's spans of one kind, with its name in those where it has room.
func (d *drawing) kind(k Kind, spans []merged, y int, named bool) {
	height := barHeight
	if k.Paint == Faint {
		height = lineHeight
	}
	for _, m := range spans {
		x, width := d.place(m, 1)
		d.printf(`<rect class="p%d" x="%.1f" y="%d" width="%.1f" height="%d">`, k.Paint, x, y+(barHeight-height)/2, width, height)
		d.title(m, k.Name)
		d.printf("</rect>")
		if named && k.Paint != Faint && letter*float64(utf8.RuneCountInString(k.Name))+8 <= width {
			d.printf(`<text class="on%d" x="%.1f" y="%d" text-anchor="middle">%s</text>`, k.Paint, x+width/2, y+11, html.EscapeString(k.Name))
		}
	}
}

// place returns where a span is drawn, at least so wide and within the field.
func (d *drawing) place(m merged, least float64) (x, width float64) {
	width = max(least, m.to-m.from)
	return min(m.from, left+d.width-width), width
}

// title says what a span is when it is pointed at, which nobody does on a phone.
func (d *drawing) title(m merged, kind string) {
	if d.size.Width != Wide.Width {
		return
	}
	text := m.titles
	if m.count > 1 {
		text = fmt.Sprintf("%d × %s\n%s to %s", m.count, kind, d.x.Format(m.first), d.x.Format(m.last)) + "\n" + text
	}
	if text != "" {
		d.printf("<title>%s</title>", html.EscapeString(text))
	}
}
