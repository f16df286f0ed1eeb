// Package examples has programs that lock, each in a directory of its own, and a test that runs them; see README.md.
package examples
