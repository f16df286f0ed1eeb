// Package report draws pages that people look at: one HTML file each, with everything in it, so that it works offline
// and can be sent around. A [Page] is a verdict, figures, and blocks of text, charts, strips and tables. A [Chart] or a
// [Strip] becomes inline SVG, once for wide windows and once for phones, in colours that follow the reader's light or dark
// mode. There is no script.
package report
