package browser

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// ErrMissing is that there is no Chromium here.
var ErrMissing = errors.New("no Chromium found")

// names are what Chromium is called. The headless shell comes first: it is the smallest, and three times as fast.
var names = []string{
	"chromium-headless-shell", "chrome-headless-shell", "chromium", "chromium-browser", "google-chrome",
	"/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
}

// find returns where Chromium is.
func find() (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", fmt.Errorf("%w: none of %s", ErrMissing, strings.Join(names, ", "))
}

// process is a browser that runs.
type process struct {
	*wire
	cmd  *exec.Cmd
	dir  string // its profile, and what it says
	ours []*os.File
	stop func() bool // ends the watch that closes ours with the context
}

// start starts a browser, which dies with ctx. The caller must end it.
func start(ctx context.Context) (_ *process, err error) {
	path, err := find()
	if err != nil {
		return nil, err
	}
	p := &process{}
	defer func() {
		if err != nil {
			_ = p.clear()
		}
	}()
	if p.dir, err = os.MkdirTemp("", "quorumlock-browser-"); err != nil {
		return nil, err
	}
	// Chromium reads commands from its file 3 and answers on its file 4.
	theirIn, ourOut, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirIn.Close()
	p.ours = append(p.ours, ourOut)
	ourIn, theirOut, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer theirOut.Close()
	p.ours = append(p.ours, ourIn)
	says, err := os.Create(filepath.Join(p.dir, "says"))
	if err != nil {
		return nil, err
	}
	defer says.Close()
	p.cmd = exec.CommandContext(ctx, path,
		"--headless", "--remote-debugging-pipe", "--user-data-dir="+filepath.Join(p.dir, "profile"),
		// As root, as CI is, it refuses to start with its sandbox. It is shown nothing but our own pages.
		"--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
		"--no-first-run", "--no-default-browser-check", "--disable-extensions", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-breakpad", "--metrics-recording-only",
		"--password-store=basic", "--use-mock-keychain", "--hide-scrollbars", "--mute-audio", "--lang=en",
		// Should a page ask for something of the network, which is a complaint, it does not get it.
		"--host-resolver-rules=MAP * ~NOTFOUND", "about:blank")
	p.cmd.Stdout, p.cmd.Stderr, p.cmd.ExtraFiles = says, says, []*os.File{theirIn, theirOut}
	// What it writes beside its profile goes where we remove it. Not so its TMPDIR: a socket there takes a short path.
	p.cmd.Env = append(os.Environ(), "HOME="+p.dir)
	alone(p.cmd)
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	// Should a part of the browser outlive its group, we do not wait for what it has to say.
	p.stop = context.AfterFunc(ctx, p.hangUp)
	p.wire = &wire{in: bufio.NewReaderSize(ourIn, 1<<16), out: ourOut}
	return p, nil
}

// end asks the browser to close, and sees to it that it and all that it started are gone, and its files.
func (p *process) end() error {
	p.session, p.heard = "", nil
	if err := p.call("Browser.close", nil, nil); err != nil {
		kill(p.cmd) // it does not listen any more
	}
	_ = p.cmd.Wait() // how it ended is of no interest
	p.stop()
	kill(p.cmd)
	return p.clear()
}

// clear removes the files. A part of the browser that dies at this moment may still write some: it gets two seconds.
func (p *process) clear() error {
	p.hangUp()
	if p.dir == "" {
		return nil
	}
	err := os.RemoveAll(p.dir)
	for try := 0; err != nil && try < 20; try++ {
		time.Sleep(100 * time.Millisecond)
		err = os.RemoveAll(p.dir)
	}
	return err
}

// hangUp ends the conversation. It may be called twice, and at any time.
func (p *process) hangUp() {
	for _, f := range p.ours {
		_ = f.Close()
	}
}

// said is the end of what the browser wrote to its standard error, for an error.
func (p *process) said() string {
	text, _ := os.ReadFile(filepath.Join(p.dir, "says"))
	text = text[max(0, len(text)-2000):]
	if len(text) == 0 {
		return ""
	}
	return fmt.Sprintf(" (it said %q)", text)
}
