// Package child is about processes that this one starts: they leave the keyboard to their parent, end with it, and can be
// stopped for a while.
package child
