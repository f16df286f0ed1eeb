package fencing

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// Header is the name of the header that a request's fence is in, as a decimal number.
const Header = "Redlock-Fence"

// SetHeader has a request, or what else has these headers, carry fence.
func SetHeader(h http.Header, fence uint64) { h.Set(Header, strconv.FormatUint(fence, 10)) }

// errMissing is that of a request without a fence.
var errMissing = errors.New("fencing: no " + Header + " header: say which lock this request is made under")

// fromHeader returns the fence that h carries.
func fromHeader(h http.Header) (uint64, error) {
	values := h.Values(Header)
	switch len(values) {
	case 0:
		return 0, errMissing
	case 1:
	default:
		return 0, fmt.Errorf("fencing: %d %s headers: want one", len(values), Header)
	}
	fence, err := strconv.ParseUint(values[0], 10, 64)
	if err != nil {
		return 0, fmt.Errorf("fencing: %s is not a decimal number", Header)
	}
	return fence, nil
}

// Handler lets requests to next that carry a fence which is not stale, through gate: a request with a larger fence waits
// until those before it are through. keyOf names what a request writes to, which is what its lock is for; where it
// returns "", the request goes on without a fence, as one that only reads may.
//
// It answers 428 Precondition Required to a request without a fence, 400 Bad Request to one that is none, 412 Precondition
// Failed to one that is stale, and 503 Service Unavailable when the gate's store fails, or when the request's context ends
// while it waits. next finds the fence with [FromContext], to hand it on to its storage.
func Handler(gate *Gate, keyOf func(*http.Request) string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		key := keyOf(r)
		if key == "" {
			next.ServeHTTP(w, r)
			return
		}
		fence, err := fromHeader(r.Header)
		if err != nil {
			code := http.StatusBadRequest
			if errors.Is(err, errMissing) {
				code = http.StatusPreconditionRequired
			}
			http.Error(w, err.Error(), code)
			return
		}
		leave, err := gate.Enter(r.Context(), key, fence)
		if err != nil {
			refuse(w, err)
			return
		}
		defer leave()
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), fenceOf{}, fence)))
	})
}

// refuse answers a request that the gate has not let in.
func refuse(w http.ResponseWriter, err error) {
	switch {
	case errors.Is(err, ErrStale):
		http.Error(w, err.Error(), http.StatusPreconditionFailed)
	case errors.Is(err, ErrNoFence):
		http.Error(w, err.Error(), http.StatusBadRequest)
	default: // nothing of what the store said is for a client
		http.Error(w, "fencing: cannot tell whether the fence is stale: try again", http.StatusServiceUnavailable)
	}
}

type fenceOf struct{}

// FromContext returns the fence of the request that [Handler] has let in; false without one.
func FromContext(ctx context.Context) (fence uint64, ok bool) {
	fence, ok = ctx.Value(fenceOf{}).(uint64)
	return fence, ok
}
