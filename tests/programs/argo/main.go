// Program argo does with a cluster what Argo CD's application controller does, by its own packages, and says what
// Flux makes of an object. It reads one request as JSON from its input and writes one answer as JSON.
//
//	argo sync         bring the objects into the cluster, wave by wave, until that ends or the time is over
//	argo compare      which objects differ from what is desired, and which would be pruned
//	argo health       what Argo CD makes of the objects
//	argo actions      which actions Argo CD offers for each of the objects, and which of them are disabled
//	argo act          the patches that an action makes of the objects
//	argo kstatus      what Flux and Helm make of the objects
//	argo application  whether the application is one, down to the last field
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/health"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/lua"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"sigs.k8s.io/cli-utils/pkg/kstatus/status"
)

// A request is what a command works on; each needs only a part of it.
type request struct {
	Kubeconfig string `json:"kubeconfig"`
	// Settings is the data of the ConfigMap argocd-cm.
	Settings    map[string]string            `json:"settings"`
	Application json.RawMessage              `json:"application"`
	Objects     []*unstructured.Unstructured `json:"objects"`
	// Action is the name of a resource action.
	Action string `json:"action"`
	// Seconds is how long a sync may take.
	Seconds int `json:"seconds"`
	// Prune deletes what is the application's and no longer desired.
	Prune bool `json:"prune"`
}

// An assessment is what a tool makes of an object.
type assessment struct {
	Status  string `json:"status"`
	Message string `json:"message"`
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	commands := map[string]func(*request) (any, error){
		"sync": synchronise, "compare": compare, "health": assess, "actions": discover, "act": act,
		"kstatus": assessAsFlux, "application": validate,
	}
	if len(arguments) != 1 || commands[arguments[0]] == nil {
		return errors.New("usage: argo sync|compare|health|actions|act|kstatus|application <request.json")
	}
	asked := &request{}
	if err := json.NewDecoder(os.Stdin).Decode(asked); err != nil {
		return err
	}
	answer, err := commands[arguments[0]](asked)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(answer)
}

func assess(asked *request) (any, error) {
	manager, err := settingsOf(asked)
	if err != nil {
		return nil, err
	}
	overrides, err := manager.GetResourceOverrides()
	if err != nil {
		return nil, err
	}
	found := make([]assessment, 0, len(asked.Objects))
	for _, object := range asked.Objects {
		state, err := health.GetResourceHealth(object, lua.ResourceHealthOverrides(overrides))
		if err != nil {
			return nil, err
		}
		if state == nil { // it has no health, and counts as healthy
			state = &health.HealthStatus{}
		}
		found = append(found, assessment{string(state.Status), state.Message})
	}
	return found, nil
}

func assessAsFlux(asked *request) (any, error) {
	found := make([]assessment, 0, len(asked.Objects))
	for _, object := range asked.Objects {
		result, err := status.Compute(object)
		if err != nil {
			return nil, err
		}
		found = append(found, assessment{result.Status.String(), result.Message})
	}
	return found, nil
}

func validate(asked *request) (any, error) {
	application, err := applicationOf(asked)
	if err != nil {
		return nil, err
	}
	return application.Name, nil
}

// applicationOf refuses fields that an Application does not have.
func applicationOf(asked *request) (*v1alpha1.Application, error) {
	decoder := json.NewDecoder(bytes.NewReader(asked.Application))
	decoder.DisallowUnknownFields()
	application := &v1alpha1.Application{}
	if err := decoder.Decode(application); err != nil {
		return nil, err
	}
	if application.Kind != "Application" || application.APIVersion != v1alpha1.SchemeGroupVersion.String() {
		return nil, fmt.Errorf("%s %s is not an Application", application.APIVersion, application.Kind)
	}
	return application, nil
}
