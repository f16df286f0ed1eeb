package cluster

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/ory/dockertest/v3"
	"github.com/ory/dockertest/v3/docker"
)

// buildImage makes localImage out of nothing but the Redis programs of this machine and the libraries that
// they load: no network, no base image, about 18 MB.
func buildImage(ctx context.Context, pool *dockertest.Pool, logf func(string, ...any)) error {
	if runtime.GOOS != "linux" {
		return fmt.Errorf("a container needs Linux programs, and this is %s", runtime.GOOS)
	}
	server, err := findRedis("redis-server")
	if err != nil {
		if err := installRedis(ctx, logf); err != nil {
			return err
		}
		if server, err = findRedis("redis-server"); err != nil {
			return err
		}
	}
	files := map[string]string{"/usr/local/bin/redis-server": server} // name in the image: file here
	if cli, err := findRedis("redis-cli"); err == nil {               // for health checks
		files["/usr/local/bin/redis-cli"] = cli
	}
	for _, program := range []string{server, files["/usr/local/bin/redis-cli"]} {
		libs, err := libraries(ctx, program)
		if err != nil {
			return err
		}
		for _, lib := range libs {
			files[lib] = lib
		}
	}
	archive, err := pack(files)
	if err != nil {
		return err
	}
	repository, tag := splitImage(localImage)
	return pool.Client.ImportImage(docker.ImportImageOptions{
		Repository: repository, Tag: tag, Source: "-", InputStream: archive, OutputStream: io.Discard, Context: ctx,
	})
}

// libraries returns the shared libraries that the dynamic linker would load for a program, and that linker.
func libraries(ctx context.Context, program string) ([]string, error) {
	if program == "" {
		return nil, nil
	}
	out, err := exec.CommandContext(ctx, "ldd", program).CombinedOutput()
	if err != nil {
		if bytes.Contains(out, []byte("not a dynamic executable")) || bytes.Contains(out, []byte("Not a valid dynamic program")) {
			return nil, nil // it needs none
		}
		return nil, fmt.Errorf("ldd %s: %w: %s", program, err, bytes.TrimSpace(out))
	}
	var libs []string
	for line := range strings.Lines(string(out)) {
		// "libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x7f…)", "/lib64/ld-linux-x86-64.so.2 (0x7f…)"
		name, path, found := strings.Cut(strings.TrimSpace(line), " => ")
		if !found {
			path = name
		}
		path, _, _ = strings.Cut(path, " (0x")
		switch {
		case strings.Contains(line, "not found"):
			return nil, fmt.Errorf("%s needs %s, which is not here", program, name)
		case filepath.IsAbs(path):
			libs = append(libs, path)
		}
	}
	return libs, nil
}

// pack makes a tar archive: name in the archive to file on this machine. /data is where Redis will work.
func pack(files map[string]string) (io.Reader, error) {
	var buf bytes.Buffer
	w := tar.NewWriter(&buf)
	for _, dir := range []string{"data/", "tmp/"} {
		if err := w.WriteHeader(&tar.Header{Typeflag: tar.TypeDir, Name: dir, Mode: 0o777}); err != nil {
			return nil, err
		}
	}
	for name, file := range files {
		content, err := os.ReadFile(file) // through symbolic links
		if err != nil {
			return nil, err
		}
		header := &tar.Header{Typeflag: tar.TypeReg, Name: strings.TrimPrefix(name, "/"), Mode: 0o755, Size: int64(len(content))}
		if err := w.WriteHeader(header); err != nil {
			return nil, err
		}
		if _, err := w.Write(content); err != nil {
			return nil, err
		}
	}
	return &buf, w.Close()
}

// installRedis installs Redis with the system's package manager, when we may do that without a password.
func installRedis(ctx context.Context, logf func(string, ...any)) error {
	managers := []struct {
		program string
		install string // for sh
	}{
		{"apt-get", "(apt-get update -qq || true) && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq redis-server"},
		{"apk", "apk add redis"},
		{"dnf", "dnf install -y redis"},
		{"brew", "brew install redis"},
	}
	for _, m := range managers {
		if _, err := exec.LookPath(m.program); err != nil {
			continue
		}
		cmd := exec.CommandContext(ctx, "sh", "-c", m.install)
		if os.Geteuid() != 0 && m.program != "brew" {
			cmd = exec.CommandContext(ctx, "sudo", "-n", "sh", "-c", m.install)
		}
		logf("installing Redis with %s", m.program)
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("redis-server is not installed, and %s cannot: %w: %s", m.program, err, lastLine(out))
		}
		return nil
	}
	return errors.New("redis-server is not installed, and no package manager that we know is here")
}

func lastLine(out []byte) string {
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return lines[len(lines)-1]
}
