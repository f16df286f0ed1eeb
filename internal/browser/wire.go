package browser

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
)

// wire is a conversation in the DevTools protocol: messages of JSON, each ended by a zero byte. It is for one goroutine.
type wire struct {
	in      *bufio.Reader
	out     io.Writer
	session string // that calls are made in; empty: the browser itself
	heard   func(method string, params json.RawMessage) error
	last    int // number of the last call
	answer  *message
}

type object map[string]any

// message is an answer to a call, or an event.
type message struct {
	ID     int             `json:"id"`
	Method string          `json:"method"`
	Params json.RawMessage `json:"params"`
	Result json.RawMessage `json:"result"`
	Error  *struct {
		Message string `json:"message"`
	} `json:"error"`
}

// call asks for something and waits for the answer, taking in events meanwhile. A nil result is not read.
func (w *wire) call(method string, params object, result any) error {
	w.last++
	call := object{"id": w.last, "method": method}
	if params != nil {
		call["params"] = params
	}
	if w.session != "" {
		call["sessionId"] = w.session
	}
	text, err := json.Marshal(call)
	if err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	if _, err := w.out.Write(append(text, 0)); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	for w.answer = nil; w.answer == nil || w.answer.ID != w.last; {
		if err := w.next(); err != nil {
			return fmt.Errorf("%s: %w", method, err)
		}
	}
	switch {
	case w.answer.Error != nil:
		return fmt.Errorf("%s: %s", method, w.answer.Error.Message)
	case result == nil:
		return nil
	}
	return json.Unmarshal(w.answer.Result, result)
}

// next takes in one message.
func (w *wire) next() error {
	text, err := w.in.ReadBytes(0)
	if err != nil {
		return err
	}
	m := &message{}
	if err := json.Unmarshal(text[:len(text)-1], m); err != nil {
		return err
	}
	switch {
	case m.ID != 0:
		w.answer = m
	case w.heard != nil:
		return w.heard(m.Method, m.Params)
	}
	return nil
}
