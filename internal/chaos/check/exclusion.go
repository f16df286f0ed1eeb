package check

import "fmt"

// exclusion: the beliefs of one key are disjoint. A sample is a hand-over from one client to another.
func exclusion(r *run, res *Result) {
	holds := 0
	for _, key := range r.keys {
		var last belief // the one that ends last so far
		for _, b := range r.beliefs[key] {
			if b.empty() {
				continue
			}
			holds++
			if last.op != nil && b.op.Client != last.op.Client {
				res.Samples++
			}
			if p := clash(last, b); p != nil {
				res.bad(*p)
			}
			if last.op == nil || b.Until > last.Until {
				last = b
			}
		}
	}
	res.Saw = fmt.Sprintf("%s of %s, %d by another client than before", count(holds, "hold"), count(len(r.keys), "key"), res.Samples)
}

// clash returns what is wrong if two beliefs of a key, neither of them empty, have a moment in common. The first did not
// begin later.
func clash(first, second belief) *Problem {
	if first.op == nil || !first.Overlaps(second.Span) {
		return nil
	}
	return &Problem{
		Text: fmt.Sprintf("client %d got %s at %s, while client %d held it until %s",
			second.op.Client, second.op.Key, at(second.From), first.op.Client, at(first.Until)),
		At: second.From, Key: second.op.Key, Clients: []int{first.op.Client, second.op.Client},
	}
}
