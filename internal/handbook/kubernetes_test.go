package handbook

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/quorumlock/quorumlock/internal/cluster"
)

// The StatefulSet in docs/production.md starts Redis with settings under which a node votes, and puts the pods on
// machines of their own.
func TestKubernetesNodesVote(t *testing.T) {
	_, text, _ := strings.Cut(pages(t)["docs/production.md"], "```yaml\n")
	text, _, _ = strings.Cut(text, "```")
	kinds := map[string]bool{}
	var args []string
	anti := 0
	for decoder := yaml.NewDecoder(strings.NewReader(text)); ; {
		var object struct {
			Kind string
			Spec struct {
				Template struct {
					Spec struct {
						Containers []struct{ Args []string }
						Affinity   struct {
							PodAntiAffinity struct {
								Required []any `yaml:"requiredDuringSchedulingIgnoredDuringExecution"`
							} `yaml:"podAntiAffinity"`
						}
					}
				}
			}
		}
		err := decoder.Decode(&object)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		kinds[object.Kind] = true
		pod := object.Spec.Template.Spec
		anti += len(pod.Affinity.PodAntiAffinity.Required)
		for _, container := range pod.Containers {
			args = append(args, container.Args...)
		}
	}
	if !kinds["StatefulSet"] || !kinds["Service"] || !kinds["PodDisruptionBudget"] || anti != 1 || len(args) < 8 {
		t.Fatalf("got %v with the arguments %v and %d rules that keep pods apart", kinds, args, anti)
	}
	c := start(t, cluster.Spec{Nodes: 1, Args: args})
	if err := votes(t.Context(), c.Addrs()[0], nil); err != nil {
		t.Error(err)
	}
}
