package check

import "fmt"

// fences: no two leases of a key have the same fence, and whoever was handed one later has a larger one. When a lease was
// handed out is not known of one that was over by then.
func fences(r *run, res *Result) {
	handed := 0
	for _, key := range r.keys {
		var last belief // with the largest fence so far
		of := map[uint64]belief{}
		for _, b := range r.beliefs[key] {
			handed++
			twin, twice := of[b.op.Fence]
			of[b.op.Fence] = b
			switch {
			case b.op.Fence == 0:
				res.bad(Problem{fmt.Sprintf("client %d got %s at %s without a fence", b.op.Client, key, at(b.From)), b.From, key, []int{b.op.Client}})
			case twice:
				res.bad(*backwards(twin, b))
			case last.op != nil && !b.empty():
				if p := backwards(last, b); p != nil {
					res.bad(*p)
				}
			}
			if last.op != nil {
				res.Samples++
			}
			if !b.empty() && (last.op == nil || b.op.Fence > last.op.Fence) {
				last = b
			}
		}
	}
	res.Saw = fmt.Sprintf("%s of %s, %s", count(handed, "fence"), count(len(r.keys), "key"), count(res.Samples, "pair"))
}

// backwards returns what is wrong if the fence of the second belief of a key is not larger than that of the first.
func backwards(first, second belief) *Problem {
	if second.op.Fence > first.op.Fence {
		return nil
	}
	return &Problem{
		Text: fmt.Sprintf("client %d got %s at %s with fence %d, after client %d with %d",
			second.op.Client, second.op.Key, at(second.From), second.op.Fence, first.op.Client, first.op.Fence),
		At: second.From, Key: second.op.Key, Clients: []int{first.op.Client, second.op.Client},
	}
}
