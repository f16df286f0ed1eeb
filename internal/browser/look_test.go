package browser

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/png"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

// page writes a page with a body, and returns its file.
func page(t *testing.T, body string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "a page.html")
	text := `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark"><title>page</title></head><body>` + body + `</body></html>`
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return file
}

// needs skips a test where Chromium is missing; in CI nothing may skip.
func needs(t *testing.T) {
	t.Helper()
	if _, err := find(); err != nil && os.Getenv("CI") == "" {
		t.Skipf("takes Chromium: %v", err)
	}
}

// open is Open with Look's conditions, for pages that are not fine.
func open(t *testing.T, ctx context.Context, file string, view View) (*Picture, error) {
	t.Helper()
	needs(t)
	return Open(ctx, file, view)
}

func decode(t *testing.T, p *Picture) image.Image {
	t.Helper()
	got, err := png.Decode(bytes.NewReader(p.PNG))
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// A page that is fine is pictured whole, as wide as the window, in the window's mode, without a complaint.
func TestFinePageIsPicturedWhole(t *testing.T) {
	file := page(t, `<p>fine</p><script>console.log("only said")</script><div style="overflow-x: auto"><div style="width: 2000px">x</div></div>
<svg viewBox="0 0 90 20" width="90"><text y="14">one</text><text x="50" y="14">two</text></svg><div style="height: 3000px"></div>`)
	for _, view := range Views() {
		got := decode(t, Look(t, file, view))
		if size := got.Bounds().Size(); size.X != view.Width || size.Y < 3000 {
			t.Errorf("%v: got a picture of %v, want one as wide as %d and at least 3000 tall", view, size, view.Width)
		}
		if r, _, _, _ := got.At(view.Width-1, 2999).RGBA(); (r < 0x8000) != view.Dark {
			t.Errorf("%v: got a background with %#x of red", view, r)
		}
	}
}

// What a reader would be annoyed by is complained of, and named.
func TestWhatIsWrongIsComplainedOf(t *testing.T) {
	for _, c := range []struct{ body, want string }{
		{`<script>console.error("bad", 1)</script>`, `the console has the error "bad 1"`},
		{`<script>console.warn("beware")</script>`, `the console has the warning "beware"`},
		{`<script>nothing.at.all()</script>`, "nothing is not defined"},
		{`<script>setTimeout(() => console.error("late"))</script>`, `"late"`},
		{`<img src="http://example.invalid/x.png" alt="">`, "the page asks for http://example.invalid/x.png"},
		{`<img src="beside.png" alt="">`, "beside.png"},
		{`<style>@import "other.css";</style>`, "other.css"},
		{`<script>fetch("https://example.invalid/")</script>`, "the page asks for https://example.invalid/"},
		{`<p><b style="display: block; width: 2000px">wide</b></p>`, `because of <b> "wide"`},
		{`<svg viewBox="0 0 90 20" width="90"><text x="80" y="14">too far</text></svg>`, `cuts off <text> "too far"`},
		{`<svg viewBox="0 0 90 20" width="90"><text y="14">one</text><text x="10" y="14">two</text></svg>`, `"one" and <text> "two" are on each other`},
	} {
		got, err := open(t, t.Context(), page(t, c.body), Phone)
		if err != nil {
			t.Errorf("%s: %v", c.body, err)
			continue
		}
		if all := strings.Join(got.Complaints, "; "); !strings.Contains(all, c.want) {
			t.Errorf("%s: got complaints %q, want %q", c.body, all, c.want)
		}
		if decode(t, got).Bounds().Dx() != Phone.Width {
			t.Errorf("%s: got no picture of the window's width", c.body)
		}
	}
}

// A file that is not there is an error that says so.
func TestMissingFileIsAnError(t *testing.T) {
	_, err := open(t, t.Context(), filepath.Join(t.TempDir(), "none.html"), Desktop)
	if err == nil || !strings.Contains(err.Error(), "ERR_FILE_NOT_FOUND") {
		t.Errorf("got %v, want ERR_FILE_NOT_FOUND", err)
	}
}

// Without Chromium the error is ErrMissing.
func TestMissingChromiumIsTold(t *testing.T) {
	defer func(before []string) { names = before }(names)
	names = []string{"no-such-browser"}
	if _, err := Open(t.Context(), page(t, ""), Desktop); !errors.Is(err, ErrMissing) {
		t.Errorf("got %v, want %v", err, ErrMissing)
	}
}

// Neither a look at a page nor one at a page that never comes to rest leaves a process or a profile behind. (A Chromium that
// is no headless shell, and had to be killed, leaves a directory with a dead socket. It cannot be told another place.)
func TestNothingIsLeftBehind(t *testing.T) {
	for _, c := range []struct {
		body  string
		limit time.Duration
		want  error
	}{
		{"fine", time.Minute, nil},
		{"<script>for (;;) {}</script>", 3 * time.Second, context.DeadlineExceeded},
	} {
		dir := t.TempDir()
		t.Setenv("TMPDIR", dir)
		ctx, cancel := context.WithTimeout(t.Context(), c.limit)
		_, err := open(t, ctx, page(t, c.body), Desktop)
		cancel()
		if !errors.Is(err, c.want) {
			t.Errorf("%s: got error %v, want %v", c.body, err, c.want)
		}
		if left, err := filepath.Glob(filepath.Join(dir, "quorumlock-*")); err != nil || len(left) > 0 {
			t.Errorf("%s: got files %v, %v", c.body, left, err)
		}
		if left := running(t, dir); len(left) > 0 {
			t.Errorf("%s: got processes %q", c.body, left)
		}
	}
}

// A browser runs until it is ended, and no longer, also when it does not hear that it should close.
func TestEndedBrowserIsGone(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	needs(t)
	for _, deaf := range []bool{false, true} {
		p, err := start(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if runtime.GOOS == "linux" && len(running(t, dir)) == 0 {
			t.Error("got no process of a browser that runs")
		}
		if deaf {
			p.hangUp()
		}
		if err := p.end(); err != nil {
			t.Error(err)
		}
		if left := running(t, dir); len(left) > 0 {
			t.Errorf("deaf %v: got processes %q", deaf, left)
		}
	}
}

// running returns the command lines in which a word is. A process that was killed may be seen for a moment more.
func running(t *testing.T, word string) (lines []string) {
	t.Helper()
	if runtime.GOOS != "linux" {
		return nil
	}
	for try := 0; try < 50; try++ {
		lines = nil
		files, err := filepath.Glob("/proc/[0-9]*/cmdline")
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if text, err := os.ReadFile(file); err == nil && bytes.Contains(text, []byte(word)) {
				lines = append(lines, fmt.Sprintf("%s: %s", file, bytes.ReplaceAll(text, []byte{0}, []byte(" "))))
			}
		}
		if len(lines) == 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	return lines
}

// Pictures are kept where the variable says, under the names of test, page and view.
func TestPicturesAreKept(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "made", "here")
	t.Setenv(Variable, dir)
	want := Look(t, page(t, "kept"), Phone.InDark())
	got, err := os.ReadFile(filepath.Join(dir, "TestPicturesAreKept-a-page-phone-dark.png"))
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want.PNG) {
		t.Errorf("got %d bytes, want those %d of the picture", len(got), len(want.PNG))
	}
	if err := want.keep("relative", "x.png"); err == nil {
		t.Error("a relative directory was taken")
	}
}
