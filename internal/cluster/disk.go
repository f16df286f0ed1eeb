package cluster

import (
	"context"
	"errors"
	"fmt"
)

// Files are what a node has written down, by path within its data directory, with slashes.
type Files map[string][]byte

// disk is what a backend also has when its nodes write down anything.
type disk interface {
	files(ctx context.Context) (Files, error)
	// put replaces the named files, and leaves others as they are.
	put(ctx context.Context, files Files) error
}

// Files returns what the node has written down by now, whether it runs or is dead. A node that runs may be writing at
// that moment: it is then what its disk would hold after a power cut. Embedded nodes have no disk: the error matches
// ErrUnsupported.
func (n *Node) Files(ctx context.Context) (files Files, err error) {
	return files, n.do(ctx, "read the files of", func() error {
		d, ok := n.backend.(disk)
		if !ok {
			return fmt.Errorf("%w: it has no disk", ErrUnsupported)
		}
		files, err = d.files(ctx)
		return err
	})
}

// Put replaces files of a dead node, so that the next Start with Keep finds them: an older state, or less than was
// written. Files that are not named stay. A node that runs is an error, since it would not read them.
func (n *Node) Put(ctx context.Context, files Files) error {
	return n.do(ctx, "replace files of", func() error {
		d, ok := n.backend.(disk)
		switch {
		case !ok:
			return fmt.Errorf("%w: it has no disk", ErrUnsupported)
		case !n.down:
			return errors.New("it is running")
		}
		return d.put(ctx, files)
	})
}
