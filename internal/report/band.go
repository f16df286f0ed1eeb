package report

import "html"

// Band is a part of the X axis.
type Band struct {
	From, To float64
	Name     string
}

// nameRows is how many names of bands may stand above each other. A name that finds no place is left out: the band's
// title still has it.
const nameRows = 4

// bandName is where a band's name stands.
type bandName struct {
	text string
	at   float64
	row  int
}

// bandNames gives each name a place near the beginning of its band, in the first row where it is free.
func (d *drawing) bandNames(bands []Band) (names []bandName) {
	var until [nameRows]float64
	for _, b := range bands {
		width := letter * float64(len(b.Name))
		at := max(0, min(d.across(b.From)+2, float64(d.size.Width)-width))
		for row := range until {
			if at >= until[row] {
				names = append(names, bandName{b.Name, at, row})
				until[row] = at + width + 6
				break
			}
		}
	}
	return names
}

// bands shades the parts and puts their names at the top of the field, the first row above it.
func (d *drawing) bands(bands []Band, names []bandName) {
	for _, b := range bands {
		from, to := d.across(b.From), d.across(b.To)
		d.printf(`<rect class="band" x="%.1f" y="%d" width="%.1f" height="%.1f"><title>%s</title></rect>`,
			from, d.top, max(1.5, to-from), d.height, html.EscapeString(b.Name))
	}
	for _, n := range names {
		d.printf(`<text class="bandname" x="%.1f" y="%d">%s</text>`, n.at, top-6+n.row*15, html.EscapeString(n.text))
	}
}
