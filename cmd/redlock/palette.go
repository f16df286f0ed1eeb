package main

import (
	"io"
	"os"

	"github.com/mattn/go-isatty"
)

// palette colours text for a terminal; the zero palette leaves it as it is.
type palette struct{ on bool }

// paletteFor returns colours for a terminal, unless NO_COLOR (https://no-color.org) or TERM=dumb says otherwise.
func paletteFor(w io.Writer) palette {
	f, ok := w.(*os.File)
	return palette{ok && isatty.IsTerminal(f.Fd()) && os.Getenv("NO_COLOR") == "" && os.Getenv("TERM") != "dumb"}
}

func (p palette) paint(code, s string) string {
	if !p.on {
		return s
	}
	return "\x1b[" + code + "m" + s + "\x1b[0m"
}

func (p palette) bold(s string) string  { return p.paint("1", s) }
func (p palette) faint(s string) string { return p.paint("2", s) }
func (p palette) good(s string) string  { return p.paint("32", s) }
func (p palette) bad(s string) string   { return p.paint("31", s) }

// actor colours what belongs to one of several actors.
func (p palette) actor(number int, s string) string {
	return p.paint([]string{"36", "35", "33", "34"}[number%4], s)
}
