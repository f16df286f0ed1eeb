package chaos

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/quorumlock/quorumlock/internal/chaos/check"
	"github.com/quorumlock/quorumlock/internal/chaos/history"
)

// writeFiles writes everything that there is to a run into dir, beside history.ndjson, which is there: report.json,
// index.html, picture.svg, porcupine.html, and node-1.log and so on.
func (r *Report) writeFiles(dir string, h *history.History, logs []string) error {
	errs := []error{
		writeFile(filepath.Join(dir, "report.json"), r.writeJSON),
		writeFile(filepath.Join(dir, "index.html"), r.writePage),
		writeFile(filepath.Join(dir, "picture.svg"), r.writePicture),
		writeFile(filepath.Join(dir, "porcupine.html"), func(w io.Writer) error { return check.Picture(w, h, r.Expected) }),
	}
	for i, log := range logs {
		errs = append(errs, os.WriteFile(filepath.Join(dir, fmt.Sprintf("node-%d.log", i+1)), []byte(log), 0o666))
	}
	return errors.Join(errs...)
}

func (r *Report) writeJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}

func writeFile(name string, write func(io.Writer) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	return errors.Join(write(f), f.Close())
}
