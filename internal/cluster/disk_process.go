package cluster

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

func (p *processNode) data() string { return filepath.Join(p.dir, "data") }

func (p *processNode) files(context.Context) (Files, error) {
	files := Files{}
	root := os.DirFS(p.data())
	err := fs.WalkDir(root, ".", func(name string, entry fs.DirEntry, err error) error {
		if err == nil && entry.Type().IsRegular() {
			files[name], err = fs.ReadFile(root, name)
		}
		if errors.Is(err, fs.ErrNotExist) { // a temporary file of a server that runs
			delete(files, name)
			return nil
		}
		return err
	})
	return files, err
}

func (p *processNode) put(_ context.Context, files Files) error {
	for name, content := range files {
		path := filepath.Join(p.data(), filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return err
		}
	}
	return nil
}
