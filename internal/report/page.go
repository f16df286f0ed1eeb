package report

import (
	_ "embed"
	"html/template"
	"io"
)

// Page is one HTML file. Every text is escaped.
type Page struct {
	Title    string
	Verdict  Verdict
	Lead     []string // what was looked at; a paragraph each
	Warnings []string // what to know before believing the rest
	Figures  []Figure // the few numbers that matter most
	Blocks   []Block
	Footer   []string
}

// Figure is a number, what it is, and what stands beside it in small.
type Figure struct{ Value, Name, Note string }

// Block is a heading, a paragraph on how to read it, and a chart, a strip, a table, or several of these, or none.
type Block struct {
	Heading string
	Text    string
	Chart   *Chart
	Strip   *Strip
	Table   *Table
}

// Table is rows under a head. The first column is text, the others are numbers unless Text says how many columns are.
type Table struct {
	Head []string
	Rows [][]string
	Text int  // columns of text, from the left; 0 means 1
	Tail bool // the last column is text too
}

// Words reports whether column i is text.
func (t *Table) Words(i int) bool { return i < max(1, t.Text) || t.Tail && i == len(t.Head)-1 }

// drawn is a chart or a strip.
type drawn interface{ SVG(Size) string }

var (
	//go:embed page.html
	pageSource string
	//go:embed page.css
	pageStyle string

	pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
		"style": func() template.CSS { return template.CSS(pageStyle) },
		"wide":  func(d drawn) template.HTML { return template.HTML(d.SVG(Wide)) },
		"phone": func(d drawn) template.HTML { return template.HTML(d.SVG(Phone)) },
	}).Parse(pageSource))
)

// Write writes the page as one file that refers to nothing outside.
func (p *Page) Write(w io.Writer) error { return pageTemplate.Execute(w, p) }
