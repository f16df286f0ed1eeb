package bench

// Fairness is how evenly locks went to those who wanted them.
type Fairness struct {
	Of       int     `json:"of"`       // how many wanted them
	Jain     float64 `json:"jain"`     // Jain's index: 1 when all got as many, 1/Of when one got all; 0 when nobody got any
	Smallest float64 `json:"smallest"` // what the one with the fewest got, as a part of a fair share; 0 when that was none
}

// fairness says how even the counts are, one for each who wanted something. Its Jain is (sum x)² / (n · sum x²).
func fairness(counts []int64) Fairness {
	f := Fairness{Of: len(counts)}
	if len(counts) == 0 {
		return f
	}
	var sum, squares float64
	least := float64(counts[0])
	for _, count := range counts {
		x := float64(count)
		sum += x
		squares += x * x
		least = min(least, x)
	}
	if sum == 0 {
		return f
	}
	n := float64(len(counts))
	f.Jain, f.Smallest = sum*sum/(n*squares), least*n/sum
	return f
}
