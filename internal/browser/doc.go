// Package browser looks at written pages as a reader does, with headless Chromium, and says what is wrong with them. It is
// for tests only, and needs no Go package: it speaks the DevTools protocol
// (<https://chromedevtools.github.io/devtools-protocol/>) over a pipe.
package browser
