package history

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// Writer writes operations as lines of JSON, for a file that grows while the run goes on.
type Writer struct {
	out *bufio.Writer
	enc *json.Encoder
}

// NewWriter returns a writer onto w. Flush is the caller's to call.
func NewWriter(w io.Writer) *Writer {
	out := bufio.NewWriterSize(w, 1<<16)
	return &Writer{out, json.NewEncoder(out)}
}

// Write adds an operation.
func (w *Writer) Write(op *Operation) error { return w.enc.Encode(op) }

// Flush hands on what is still held back.
func (w *Writer) Flush() error { return w.out.Flush() }

// Decode returns the operations that r has, a line each.
func Decode(r io.Reader) ([]Operation, error) {
	var all []Operation
	for dec := json.NewDecoder(bufio.NewReaderSize(r, 1<<16)); ; {
		var op Operation
		err := dec.Decode(&op)
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return all, fmt.Errorf("history: operation %d: %w", len(all)+1, err)
		}
		all = append(all, op)
	}
}
