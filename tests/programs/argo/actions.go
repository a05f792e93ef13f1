package main

import (
	"encoding/json"
	"fmt"

	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/lua"
	jsonpatch "github.com/evanphx/json-patch"
)

// discover asks as Argo CD's server does when its page shows an object.
func discover(asked *request) (any, error) {
	machine, err := machineOf(asked)
	if err != nil {
		return nil, err
	}
	found := make([][]v1alpha1.ResourceAction, 0, len(asked.Objects))
	for _, object := range asked.Objects {
		scripts, err := machine.GetResourceActionDiscovery(object)
		if err != nil {
			return nil, err
		}
		actions := []v1alpha1.ResourceAction{}
		if len(scripts) > 0 {
			if actions, err = machine.ExecuteResourceActionDiscovery(object, scripts); err != nil {
				return nil, err
			}
		}
		found = append(found, actions)
	}
	return found, nil
}

// act makes the patches that Argo CD's server sends when somebody runs an action. It runs disabled ones, too.
func act(asked *request) (any, error) {
	machine, err := machineOf(asked)
	if err != nil {
		return nil, err
	}
	patches := make([]json.RawMessage, 0, len(asked.Objects))
	for _, object := range asked.Objects {
		action, err := machine.GetResourceAction(object, asked.Action)
		if err != nil {
			return nil, err
		}
		impacted, err := machine.ExecuteResourceAction(object, action.ActionLua, nil)
		if err != nil {
			return nil, err
		}
		if len(impacted) != 1 || impacted[0].K8SOperation != lua.PatchOperation {
			return nil, fmt.Errorf("%s does something else than to patch the object", asked.Action)
		}
		before, err := json.Marshal(object)
		if err != nil {
			return nil, err
		}
		after, err := json.Marshal(impacted[0].UnstructuredObj)
		if err != nil {
			return nil, err
		}
		patch, err := jsonpatch.CreateMergePatch(before, after)
		if err != nil {
			return nil, err
		}
		patches = append(patches, patch)
	}
	return patches, nil
}

func machineOf(asked *request) (*lua.VM, error) {
	manager, err := settingsOf(asked)
	if err != nil {
		return nil, err
	}
	overrides, err := manager.GetResourceOverrides()
	if err != nil {
		return nil, err
	}
	return &lua.VM{ResourceOverrides: overrides}, nil
}
