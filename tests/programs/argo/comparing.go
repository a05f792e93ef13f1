package main

import (
	"encoding/json"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/utils/kube"
)

// A comparison is what Argo CD shows of one object.
type comparison struct {
	Key string `json:"key"`
	// State is Synced, OutOfSync, Missing, or Extra: what pruning would delete.
	State     string          `json:"state"`
	Live      json.RawMessage `json:"live,omitempty"`
	Predicted json.RawMessage `json:"predicted,omitempty"`
}

func compare(asked *request) (any, error) {
	controller, err := controllerOf(asked)
	if err != nil {
		return nil, err
	}
	defer controller.cluster.Invalidate()
	pairs, err := controller.reconciled()
	if err != nil {
		return nil, err
	}
	differences, err := controller.differences(pairs)
	if err != nil {
		return nil, err
	}
	shown := make([]comparison, 0, len(pairs.Target))
	for i, target := range pairs.Target {
		live := pairs.Live[i]
		switch {
		case target == nil:
			shown = append(shown, comparison{Key: called(kube.GetResourceKey(live)), State: "Extra"})
		case live == nil:
			shown = append(shown, comparison{Key: called(kube.GetResourceKey(target)), State: "Missing"})
		case differences.Diffs[i].Modified:
			found := differences.Diffs[i]
			shown = append(shown, comparison{
				called(kube.GetResourceKey(target)), "OutOfSync", found.NormalizedLive, found.PredictedLive,
			})
		default:
			shown = append(shown, comparison{Key: called(kube.GetResourceKey(target)), State: "Synced"})
		}
	}
	return shown, nil
}

func called(key kube.ResourceKey) string {
	if key.Namespace == "" {
		return key.Kind + "/" + key.Name
	}
	return key.Kind + "/" + key.Namespace + "/" + key.Name
}
