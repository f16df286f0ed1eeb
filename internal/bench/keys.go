package bench

import (
	"fmt"
	"math/rand/v2"
	"strconv"
)

// Keys is which keys a load locks.
type Keys string

const (
	Distinct Keys = "distinct" // every worker its own: nobody waits for anybody
	One      Keys = "one"      // all workers the same: everybody waits for everybody
	Zipf     Keys = "zipf"     // a few of a thousand keys are wanted most of the time
)

// Of Zipf: the k-th key is wanted in proportion to (1+k) to the power of -zipfExponent.
const (
	zipfKeys     = 1000
	zipfExponent = 1.2
)

// ParseKeys reads the name of a choice of keys.
func ParseKeys(s string) (Keys, error) {
	switch k := Keys(s); k {
	case Distinct, One, Zipf:
		return k, nil
	}
	return "", fmt.Errorf("unknown choice of keys %q: want distinct, one or zipf", s)
}

// choosers returns a function that gives each worker, by its number, a function of its own that says which key to lock
// next. Names are made once, so that choosing allocates nothing.
func (k Keys) choosers(prefix string, seed uint64) func(worker int) func() string {
	switch k {
	case One:
		key := prefix + "one"
		return func(int) func() string { return func() string { return key } }
	case Zipf:
		names := make([]string, zipfKeys)
		for i := range names {
			names[i] = prefix + strconv.Itoa(i)
		}
		return func(worker int) func() string {
			zipf := rand.NewZipf(rand.New(rand.NewPCG(seed, uint64(worker))), zipfExponent, 1, zipfKeys-1)
			return func() string { return names[zipf.Uint64()] }
		}
	default:
		return func(worker int) func() string {
			key := prefix + strconv.Itoa(worker)
			return func() string { return key }
		}
	}
}
