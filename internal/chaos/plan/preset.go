package plan

import (
	"embed"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

//go:embed presets/*.yaml
var presetFiles embed.FS

// presetNames are the presets, in the order in which they are shown.
var presetNames = []string{
	"kill-minority", "kill-majority", "rolling-restart", "amnesia", "pause", "slow", "lost-replies", "flap",
	"frozen-holder", "clocks", "everything",
}

// Presets returns the scenarios that come along. The slice is the caller's.
func Presets() []*Scenario {
	var all []*Scenario
	for _, name := range presetNames {
		s, err := Preset(name)
		if err != nil {
			panic(err) // a test reads them all
		}
		all = append(all, s)
	}
	return all
}

// Preset returns a scenario that comes along, or says which ones there are.
func Preset(name string) (*Scenario, error) {
	text, err := PresetFile(name)
	if err != nil {
		return nil, err
	}
	s, err := Parse(text)
	if err != nil {
		return nil, fmt.Errorf("preset %s: %w", name, err)
	}
	return s, nil
}

// PresetFile returns a preset as the file that it was written in, which makes a good beginning for one's own.
func PresetFile(name string) ([]byte, error) {
	text, err := fs.ReadFile(presetFiles, path.Join("presets", name+".yaml"))
	if err != nil {
		return nil, fmt.Errorf("unknown preset %q: want %s", name, strings.Join(presetNames, ", "))
	}
	return text, nil
}
