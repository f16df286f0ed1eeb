package report

import (
	"math"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// Text has the contrast of 4.5 to 1 to what it stands on that WCAG 2.1 asks for (criterion 1.4.3), light and dark.
func TestTextHasContrast(t *testing.T) {
	light, dark := colours(t)
	for mode, c := range map[string]map[string]string{"light": light, "dark": dark} {
		for _, pair := range [][2]string{
			{"ink", "page"}, {"soft", "page"}, {"warn", "warnpage"},
			{"onverdict", "passed"}, {"onverdict", "failed"}, {"onverdict", "open"},
			{"ondeep", "p1"}, {"ondeep", "p2"}, {"ondeep", "p4"}, {"ondeep", "p5"},
			{"onbright", "p3"}, {"onbright", "p6"}, {"onbright", "p7"},
		} {
			if got := contrast(t, c[pair[0]], c[pair[1]]); got < 4.5 {
				t.Errorf("%s: %s on %s: got %.1f, want at least 4.5", mode, pair[0], pair[1], got)
			}
		}
	}
}

// colours returns the style's colours by name; what dark mode does not change is as in light mode.
func colours(t *testing.T) (light, dark map[string]string) {
	t.Helper()
	before, after, found := strings.Cut(pageStyle, "@media (prefers-color-scheme: dark)")
	after, _, closed := strings.Cut(after, "\n}\n")
	if !found || !closed {
		t.Fatal("got no dark mode in the style")
	}
	light, dark = map[string]string{}, map[string]string{}
	colour := regexp.MustCompile(`--(\w+): #([0-9a-f]{6});`)
	for _, m := range colour.FindAllStringSubmatch(before, -1) {
		light[m[1]], dark[m[1]] = m[2], m[2]
	}
	for _, m := range colour.FindAllStringSubmatch(after, -1) {
		dark[m[1]] = m[2]
	}
	return light, dark
}

// contrast is WCAG's ratio of two colours' luminances.
func contrast(t *testing.T, a, b string) float64 {
	t.Helper()
	luminance := func(colour string) (sum float64) {
		v, err := strconv.ParseUint(colour, 16, 32)
		if err != nil {
			t.Fatal(err)
		}
		for i, weight := range []float64{0.2126, 0.7152, 0.0722} {
			part := float64(v>>(16-8*i)&255) / 255
			if part <= 0.04045 {
				part /= 12.92
			} else {
				part = math.Pow((part+0.055)/1.055, 2.4)
			}
			sum += weight * part
		}
		return sum
	}
	x, y := luminance(a), luminance(b)
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}
