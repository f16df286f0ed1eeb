package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// Variable is the environment variable with the directory in which Look keeps its pictures, for people to look at. It
// must be absolute, because each test runs in the directory of its package. Empty: they are not kept.
const Variable = "QUORUMLOCK_SCREENSHOTS"

// limit is how long one look may take. It takes about a second; a machine that does something else takes longer.
const limit = 60 * time.Second

// Look opens a page and fails the test for each complaint about it. Without Chromium it skips the test; in CI, where
// nothing may skip, it fails. It returns when the browser and its profile are gone.
func Look(t testing.TB, file string, view View) *Picture {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	picture, err := Open(ctx, file, view)
	switch {
	case errors.Is(err, ErrMissing) && os.Getenv("CI") != "":
		t.Fatalf("in CI nothing may skip: this takes Chromium: %v", err)
	case errors.Is(err, ErrMissing):
		t.Skipf("takes Chromium: %v", err)
	case err != nil:
		t.Fatal(err)
	}
	for _, c := range picture.Complaints {
		t.Errorf("%s, %v: %s", filepath.Base(file), view, c)
	}
	if err := picture.keep(os.Getenv(Variable), name(t.Name(), file, view)); err != nil {
		t.Errorf("browser: %s: %v", Variable, err)
	}
	return picture
}

var odd = regexp.MustCompile(`[^A-Za-z0-9.]+`)

// name is the name of the file that a picture is kept in.
func name(test, file string, view View) string {
	return odd.ReplaceAllString(test+"-"+strings.TrimSuffix(filepath.Base(file), ".html")+"-"+view.String(), "-") + ".png"
}

// keep writes the picture into a directory, if there is one.
func (p *Picture) keep(dir, name string) error {
	switch {
	case dir == "":
		return nil
	case !filepath.IsAbs(dir):
		return fmt.Errorf("%s is not absolute", dir)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name), p.PNG, 0o644)
}
