package sim

import "time"

// event is something that happens at a time. Events of one time happen in the order in which they were made.
type event struct {
	at  time.Duration
	seq uint64
	do  func()
}

// events is a heap of what is to come, four children to a parent.
type events struct {
	heap []event
	seq  uint64
}

func (e *event) before(other *event) bool {
	return e.at < other.at || e.at == other.at && e.seq < other.seq
}

func (h *events) push(at time.Duration, do func()) {
	h.seq++
	h.heap = append(h.heap, event{})
	made := event{at: at, seq: h.seq, do: do}
	i := len(h.heap) - 1
	for i > 0 {
		parent := (i - 1) / 4
		if !made.before(&h.heap[parent]) {
			break
		}
		h.heap[i] = h.heap[parent]
		i = parent
	}
	h.heap[i] = made
}

func (h *events) pop() event {
	top := h.heap[0]
	last := len(h.heap) - 1
	moved := h.heap[last]
	h.heap[last] = event{}
	h.heap = h.heap[:last]
	if last == 0 {
		return top
	}
	i := 0
	for {
		least := 4*i + 1
		if least >= last {
			break
		}
		for c := least + 1; c < min(4*i+5, last); c++ {
			if h.heap[c].before(&h.heap[least]) {
				least = c
			}
		}
		if !h.heap[least].before(&moved) {
			break
		}
		h.heap[i] = h.heap[least]
		i = least
	}
	h.heap[i] = moved
	return top
}
