package browser

import (
	"context"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/url"
	"path/filepath"
)

// Picture is what a page looked like, and what was wrong with it.
type Picture struct {
	PNG []byte // the whole page, however long it is
	// Complaints are messages on the console of level warning or error, requests for anything but the page itself, and
	// what measure.js finds: something that makes the page scroll sideways, texts of a drawing that are cut off or run
	// into each other.
	Complaints []string
}

//go:embed measure.js
var measure string

// tallest is how much of a page is pictured; beyond it Chromium gives black.
const tallest = 16000

// Open opens a page in a browser of its own, and ends that. It errs when there is no picture; ErrMissing is among the
// causes. Safe for concurrent use.
func Open(ctx context.Context, file string, view View) (_ *Picture, err error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return nil, fmt.Errorf("browser: open %s: %w", file, err)
	}
	p, err := start(ctx)
	if err != nil {
		return nil, fmt.Errorf("browser: open %s: %w", file, err)
	}
	defer func() {
		if ended := p.end(); err == nil && ended != nil {
			err = fmt.Errorf("browser: open %s: %w", file, ended)
		}
	}()
	s := &session{wire: p.wire, address: (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String()}
	picture, err := s.picture(view)
	if err != nil {
		if ctx.Err() != nil { // the browser was killed, and what it did not answer any more tells nothing
			err = context.Cause(ctx)
		}
		return nil, fmt.Errorf("browser: open %s: %w%s", file, err, p.said())
	}
	return picture, nil
}

// session is one page in the browser.
type session struct {
	*wire
	address    string
	complaints []string
	loaded     bool
}

func (s *session) picture(view View) (*Picture, error) {
	s.heard = s.event
	if err := s.prepare(view); err != nil {
		return nil, err
	}
	if err := s.load(); err != nil {
		return nil, err
	}
	var size struct {
		Height     float64
		Complaints []string
	}
	if err := s.evaluate(fmt.Sprintf("(%s)(%d)", measure, view.Width), &size); err != nil {
		return nil, err
	}
	var shot struct{ Data string }
	err := s.call("Page.captureScreenshot", object{
		"format": "png", "captureBeyondViewport": true,
		"clip": object{"x": 0, "y": 0, "width": view.Width, "height": min(tallest, max(size.Height, float64(view.Height))), "scale": 1},
	}, &shot)
	if err != nil {
		return nil, err
	}
	png, err := base64.StdEncoding.DecodeString(shot.Data)
	return &Picture{png, append(s.complaints, size.Complaints...)}, err
}

// prepare makes an empty page of the view's size, and has everything reported that the page will do.
func (s *session) prepare(view View) error {
	var target struct{ TargetID string }
	if err := s.call("Target.createTarget", object{"url": "about:blank"}, &target); err != nil {
		return err
	}
	var attached struct{ SessionID string }
	if err := s.call("Target.attachToTarget", object{"targetId": target.TargetID, "flatten": true}, &attached); err != nil {
		return err
	}
	s.session = attached.SessionID
	mode := "light"
	if view.Dark {
		mode = "dark"
	}
	for _, step := range []struct {
		method string
		params object
	}{
		{"Page.enable", nil},
		{"Runtime.enable", nil},
		{"Log.enable", nil},
		{"Network.enable", nil},
		{"Emulation.setDeviceMetricsOverride", object{"width": view.Width, "height": view.Height, "deviceScaleFactor": 1, "mobile": view.Touch}},
		{"Emulation.setEmulatedMedia", object{"features": []object{{"name": "prefers-color-scheme", "value": mode}}}},
	} {
		if err := s.call(step.method, step.params, nil); err != nil {
			return err
		}
	}
	return nil
}

// load opens the page, and waits until it is there and what it does at once is done.
func (s *session) load() error {
	var navigated struct{ ErrorText string }
	if err := s.call("Page.navigate", object{"url": s.address}, &navigated); err != nil {
		return err
	}
	if navigated.ErrorText != "" {
		return fmt.Errorf("%s: %s", s.address, navigated.ErrorText)
	}
	for !s.loaded {
		if err := s.next(); err != nil {
			return err
		}
	}
	var drawn bool
	return s.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(() => done(true), 50)))", &drawn)
}

// evaluate runs an expression in the page, and reads its value, which may be a promise's.
func (s *session) evaluate(expression string, value any) error {
	var got struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails json.RawMessage
	}
	err := s.call("Runtime.evaluate", object{"expression": expression, "returnByValue": true, "awaitPromise": true}, &got)
	switch {
	case err != nil:
		return err
	case got.ExceptionDetails != nil:
		return fmt.Errorf("the page was not measured: %s", got.ExceptionDetails)
	}
	return json.Unmarshal(got.Result.Value, value)
}
