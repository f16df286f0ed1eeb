package fencing_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/quorumlock/quorumlock/redlock/fencing"
)

func pathOf(r *http.Request) string {
	if r.Method == http.MethodGet {
		return ""
	}
	return r.URL.Path
}

func ask(h http.Handler, method string, fences ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, "/orders/42", nil)
	for _, fence := range fences {
		r.Header.Add(fencing.Header, fence)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

// What each request is answered, and that what is refused does not come through.
func TestHandlerAnswers(t *testing.T) {
	served := 0
	h := fencing.Handler(fencing.NewGate(&fencing.Memory{}), pathOf, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served++
		fence, ok := fencing.FromContext(r.Context())
		fmt.Fprint(w, fence, ok)
	}))
	for i, c := range []struct {
		method string
		fences []string
		code   int
		body   string
	}{
		{"PUT", []string{"7"}, 200, "7 true"},
		{"PUT", []string{"7"}, 200, "7 true"},
		{"PUT", []string{"6"}, 412, `write "/orders/42": stale fence 6: a holder with fence 7 was there`},
		{"GET", nil, 200, "0 false"},
		{"PUT", nil, 428, "no Redlock-Fence header"},
		{"PUT", []string{"7", "8"}, 400, "2 Redlock-Fence headers"},
		{"PUT", []string{"seven"}, 400, "not a decimal number"},
		{"PUT", []string{"-7"}, 400, "not a decimal number"},
		{"PUT", []string{"0"}, 400, "not the fence of a lease"},
		{"PUT", []string{"8"}, 200, "8 true"},
	} {
		before := served
		w := ask(h, c.method, c.fences...)
		if w.Code != c.code || !strings.Contains(w.Body.String(), c.body) {
			t.Errorf("request %d: got %d %q, want %d %q", i, w.Code, w.Body, c.code, c.body)
		}
		if passed := served > before; passed != (c.code == 200) {
			t.Errorf("request %d, answered %d: came through: %v", i, w.Code, passed)
		}
	}
}

// A store that fails keeps everybody out, and what it says is not told to clients.
func TestHandlerWithAStoreThatFails(t *testing.T) {
	h := fencing.Handler(fencing.NewGate(broken{errors.New("password is tiger")}), pathOf, http.NotFoundHandler())
	if w := ask(h, "PUT", "7"); w.Code != 503 || strings.Contains(w.Body.String(), "tiger") {
		t.Errorf("got %d %q, want 503 and nothing of the store's error", w.Code, w.Body)
	}
}

// A handler that panics leaves the gate open for the next.
func TestHandlerLeavesWhenItPanics(t *testing.T) {
	gate := fencing.NewGate(&fencing.Memory{})
	h := fencing.Handler(gate, pathOf, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("oh") }))
	func() {
		defer func() { _ = recover() }()
		ask(h, "PUT", "7")
	}()
	leave, err := gate.Enter(t.Context(), "/orders/42", 8)
	if err != nil {
		t.Fatal(err)
	}
	leave()
}

// What SetHeader writes, Handler reads.
func TestSetHeader(t *testing.T) {
	h := http.Header{fencing.Header: {"1", "2"}}
	fencing.SetHeader(h, 1795889998400000)
	if got := h.Values("redlock-fence"); len(got) != 1 || got[0] != "1795889998400000" {
		t.Errorf("got %v", got)
	}
}
