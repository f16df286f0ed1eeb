package fencing

import (
	"context"
	"sync"
)

// Memory keeps fences in this process, for what does not outlive it either: a process that starts anew accepts any
// fence. The zero Memory is ready for use. It keeps every key for ever. It is safe for concurrent use.
type Memory struct {
	mu      sync.Mutex
	largest map[string]uint64 // guarded by mu
}

// Raise does what [Store] says. It never fails.
func (m *Memory) Raise(_ context.Context, key string, fence uint64) (uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.largest == nil {
		m.largest = make(map[string]uint64)
	}
	m.largest[key] = max(m.largest[key], fence)
	return m.largest[key], nil
}
