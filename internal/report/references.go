package report

import "regexp"

// What makes a browser look elsewhere.
var reference = regexp.MustCompile(`(?i)<(script|link|iframe|object|embed|base|form)\b|\b(src|srcset|srcdoc|href|data|action|poster)\s*=\s*["']|@import|url\(`)

// References returns everything in a page by which it would depend on something outside of it, or run a script. It is
// for tests: the pages of this package have none.
func References(page string) []string { return reference.FindAllString(page, -1) }
