package bench

import (
	"encoding/json"
	"io"
	"os"
	"path/filepath"
)

// WriteFiles writes everything that there is to a result into dir, which exists: result.json, bench.txt, cycle.hgrm,
// cycle.hlog and index.html. It wants a result as Run returned it: one that was read from JSON lacks the histograms.
func WriteFiles(dir string, r *Result) error {
	for _, file := range []struct {
		name  string
		write func(io.Writer, *Result) error
	}{
		{"result.json", writeJSON},
		{"bench.txt", WriteBenchmarks},
		{"cycle.hgrm", writePercentiles},
		{"cycle.hlog", writeLog},
		{"index.html", WritePage},
	} {
		if err := writeFile(filepath.Join(dir, file.name), r, file.write); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(name string, r *Result, write func(io.Writer, *Result) error) error {
	f, err := os.Create(name)
	if err != nil {
		return err
	}
	if err := write(f, r); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

func writeJSON(w io.Writer, r *Result) error {
	enc := json.NewEncoder(w)
	enc.SetIndent("", "  ")
	return enc.Encode(r)
}
