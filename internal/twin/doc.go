// Package twin holds no code but a test: that the simulator's node (package sim) says what the scripts of package node say.
// It drives the node, miniredis and redis-server with the same random commands, at the same times, and demands the same
// replies and the same contents.
//
// The scripts are called directly, as package node arranges their keys and arguments, and not by way of its Send: what
// that answers tells less than the scripts do.
package twin
