package report

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/quorumlock/quorumlock/internal/browser"
)

// Pages are seen as they are meant, in wide windows and on phones, light and dark: nothing is asked for, nothing on the
// console, nothing wider than the window, and no text that is cut off or on another one.
func TestPagesFitScreens(t *testing.T) {
	odd := &Page{Title: "odd", Blocks: []Block{{Heading: "addresses", Strip: addressStrip()}, {Heading: "nothing", Strip: &Strip{}}}}
	some := []browser.View{browser.Desktop.InDark(), browser.Phone}
	for _, c := range []struct {
		name  string
		page  *Page
		views []browser.View
	}{
		{"fail", chaosPage(Failed), browser.Views()},
		{"pass", chaosPage(Passed), some},
		{"unknown", chaosPage(Open), some},
		{"odd", odd, some},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "page.html")
			f, err := os.Create(file)
			if err != nil {
				t.Fatal(err)
			}
			if err := c.page.Write(f); err != nil {
				t.Fatal(err)
			}
			if err := f.Close(); err != nil {
				t.Fatal(err)
			}
			for _, view := range c.views {
				browser.Look(t, file, view)
			}
		})
	}
}
