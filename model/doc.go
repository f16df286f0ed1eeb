// Package model keeps Promela models of the protocol's rules, and runs them. There is nothing to import: the test gives
// each model, and rules that look right and are not, to Spin, which looks at every order of events within bounds.
package model
