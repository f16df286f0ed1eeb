package cluster

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"path"
	"strings"

	"github.com/ory/dockertest/v3/docker"
)

// dataDir is where the server of a container writes: its working directory.
const dataDir = "/data"

func (d *dockerNode) files(ctx context.Context) (Files, error) {
	var archive bytes.Buffer
	err := d.pool.Client.DownloadFromContainer(d.id, docker.DownloadFromContainerOptions{
		Context: ctx, OutputStream: &archive, Path: dataDir + "/.",
	})
	if err != nil {
		return nil, err
	}
	files := Files{}
	for r := tar.NewReader(&archive); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return files, nil
		}
		if err != nil {
			return nil, err
		}
		if h.Typeflag != tar.TypeReg {
			continue
		}
		content, err := io.ReadAll(r)
		if err != nil {
			return nil, err
		}
		files[strings.TrimPrefix(path.Clean(h.Name), "/")] = content
	}
}

func (d *dockerNode) put(ctx context.Context, files Files) error {
	var archive bytes.Buffer
	w := tar.NewWriter(&archive)
	for name, content := range files {
		err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(content)), Typeflag: tar.TypeReg})
		if err == nil {
			_, err = w.Write(content)
		}
		if err != nil {
			return err
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return d.pool.Client.UploadToContainer(d.id, docker.UploadToContainerOptions{
		Context: ctx, InputStream: &archive, Path: dataDir,
	})
}
