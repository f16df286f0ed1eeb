package cluster

import (
	"archive/tar"
	"errors"
	"io"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// An image's name is cut before its tag or digest, and a registry's port is neither.
func TestSplitImage(t *testing.T) {
	for _, c := range []struct{ image, repository, tag string }{
		{"redis", "redis", "latest"},
		{"redis:7", "redis", "7"},
		{"localhost:5000/redis", "localhost:5000/redis", "latest"},
		{"localhost:5000/redis:7", "localhost:5000/redis", "7"},
		{"redis@sha256:abc", "redis@sha256", "abc"}, // dockertest puts the colon back
	} {
		if repository, tag := splitImage(c.image); repository != c.repository || tag != c.tag {
			t.Errorf("%s: got %q and %q, want %q and %q", c.image, repository, tag, c.repository, c.tag)
		}
	}
}

// The image that is built offline has Redis, the libraries that it loads, and the dynamic linker.
func TestPackedImageHasWhatRedisLoads(t *testing.T) {
	needs(t, Process)
	if runtime.GOOS != "linux" {
		t.Skip("a container needs Linux programs")
	}
	server, err := findRedis("redis-server")
	if err != nil {
		t.Fatal(err)
	}
	libs, err := libraries(t.Context(), server)
	if err != nil {
		t.Fatal(err)
	}
	files := map[string]string{"/usr/local/bin/redis-server": server}
	for _, lib := range libs {
		files[lib] = lib
	}
	archive, err := pack(files)
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]bool{}
	for r := tar.NewReader(archive); ; {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		found[h.Name] = true
		if strings.HasPrefix(filepath.Base(h.Name), "ld-") {
			found["linker"] = true
		}
	}
	for _, name := range []string{"data/", "tmp/", "usr/local/bin/redis-server", "linker"} {
		if !found[name] {
			t.Errorf("%s is missing in %v", name, found)
		}
	}
}

// Without an engine the best kind is another one, and Best says why.
func TestBestSaysWhyNotDocker(t *testing.T) {
	t.Setenv("DOCKER_HOST", "unix://"+filepath.Join(t.TempDir(), "no.sock"))
	kind, why := Best(t.Context())
	if kind == Docker || !strings.Contains(why, "docker: ") {
		t.Errorf("got %s because %q", kind, why)
	}
	if kind == Embedded && !strings.Contains(why, "process: ") {
		t.Errorf("got %s because %q, which does not say why not process", kind, why)
	}
}

// A Spec that makes no sense is refused before anything starts.
func TestBadSpecIsRefused(t *testing.T) {
	for _, s := range []Spec{
		{Kind: "vm"}, {Kind: Embedded, Nodes: -1}, {Kind: Embedded, Persist: "sometimes"},
	} {
		if c, err := Start(t.Context(), s); err == nil {
			c.Close()
			t.Errorf("%+v: started", s)
		}
	}
	if k, err := ParseKind(" Docker\n"); k != Docker || err != nil {
		t.Errorf("got %q, %v", k, err)
	}
}
