// Package report draws pages that people look at: one HTML file each, with everything in it, so that it works offline
// and can be sent around. A [Page] is blocks of text, figures, tables and charts; a [Chart] becomes inline SVG, once for
// wide windows and once for phones, in colours that follow the reader's light or dark mode. There is no script.
package report
