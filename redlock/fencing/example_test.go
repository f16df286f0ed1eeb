package fencing_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"github.com/quorumlock/quorumlock/redlock/fencing"
)

// The fences of two leases on one key, one after the other. A service has them from Lease.Fence.
const earlier, later = 1795889998400000, 1795890001600064

// Write to Redis by a script that a stale holder cannot get past.
func ExampleNewScript() {
	m, err := miniredis.Run()
	if err != nil {
		log.Fatal(err)
	}
	defer m.Close()
	server := redis.NewClient(&redis.Options{Addr: m.Addr()})
	defer server.Close()
	ctx := context.Background()

	deposit := fencing.NewScript(`return redis.call('INCRBY', KEYS[1], ARGV[1])`)

	balance, err := deposit.Run(ctx, server, later, []string{"account/7"}, 100)
	fmt.Println(balance, err)

	_, err = deposit.Run(ctx, server, earlier, []string{"account/7"}, 100)
	if errors.Is(err, fencing.ErrStale) {
		fmt.Println("somebody else has the lock: stop")
	}
	// Output:
	// 100 <nil>
	// somebody else has the lock: stop
}

// Put a gate before a service that writes: it refuses requests of stale holders, and has the next holder's wait until
// those of the holder before are through.
func ExampleHandler() {
	service := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fence, _ := fencing.FromContext(r.Context()) // to hand it on
		fmt.Println("written by the holder of", fence)
	})
	gate := fencing.NewGate(&fencing.Memory{})
	keyOf := func(r *http.Request) string { return r.URL.Path }
	server := httptest.NewServer(fencing.Handler(gate, keyOf, service))
	defer server.Close()

	for _, fence := range []uint64{later, earlier} {
		request, err := http.NewRequest("PUT", server.URL+"/orders/42", strings.NewReader("shipped"))
		if err != nil {
			log.Fatal(err)
		}
		fencing.SetHeader(request.Header, fence) // lease.Fence()
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			log.Fatal(err)
		}
		response.Body.Close()
		fmt.Println(response.Status)
	}
	// Output:
	// written by the holder of 1795890001600064
	// 200 OK
	// 412 Precondition Failed
}
