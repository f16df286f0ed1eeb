package browser

import (
	"encoding/json"
	"fmt"
	"strings"
)

// event takes in what the browser tells unasked, and complains of what no page may do.
func (s *session) event(method string, params json.RawMessage) error {
	var p struct {
		Type  string // of a call of the console
		Args  []struct{ Value, Description any }
		Entry struct{ Level, Text, URL string } // of the log
		// Of an exception:
		ExceptionDetails struct {
			Text      string
			Exception struct{ Description string }
		}
		Request struct{ URL string }
	}
	if err := json.Unmarshal(params, &p); err != nil {
		return fmt.Errorf("%s: %w", method, err)
	}
	switch method {
	case "Page.loadEventFired":
		s.loaded = true
	case "Runtime.consoleAPICalled":
		if p.Type == "error" || p.Type == "warning" || p.Type == "assert" {
			var words []string
			for _, a := range p.Args {
				if a.Value == nil {
					a.Value = a.Description
				}
				words = append(words, fmt.Sprint(a.Value))
			}
			s.complain("the console has the %s %q", p.Type, strings.Join(words, " "))
		}
	case "Runtime.exceptionThrown":
		s.complain("a script failed: %s %s", p.ExceptionDetails.Text, p.ExceptionDetails.Exception.Description)
	case "Log.entryAdded":
		if p.Entry.Level == "error" || p.Entry.Level == "warning" {
			s.complain("the console has the %s %q (%s)", p.Entry.Level, p.Entry.Text, p.Entry.URL)
		}
	case "Network.requestWillBeSent":
		if p.Request.URL != s.address && !strings.HasPrefix(p.Request.URL, "data:") {
			s.complain("the page asks for %s", p.Request.URL)
		}
	}
	return nil
}

func (s *session) complain(format string, args ...any) {
	s.complaints = append(s.complaints, fmt.Sprintf(format, args...))
}
