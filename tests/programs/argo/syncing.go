package main

import (
	"time"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/sync"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/sync/common"
	argocommon "github.com/argoproj/argo-cd/v3/common"
	"github.com/argoproj/argo-cd/v3/util/lua"
	"github.com/go-logr/logr"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

const pause = 200 * time.Millisecond

// An operation is how a sync ended, or where it was when its time was over.
type operation struct {
	Phase     string            `json:"phase"`
	Message   string            `json:"message"`
	Resources map[string]result `json:"resources"`
}

// A result is what became of one object.
type result struct {
	Status  string `json:"status"`
	Phase   string `json:"phase"`
	Message string `json:"message"`
}

// synchronise looks at the cluster anew in each round, as Argo CD does. It does not wait between waves as that does: a
// health check that is right needs no head start.
func synchronise(asked *request) (any, error) {
	controller, err := controllerOf(asked)
	if err != nil {
		return nil, err
	}
	defer controller.cluster.Invalidate()
	began := metav1.Now()
	phase, message, results := common.OperationRunning, "", []common.ResourceSyncResult{}
	for !phase.Completed() && time.Since(began.Time) < time.Duration(asked.Seconds)*time.Second {
		pairs, err := controller.reconciled()
		if err != nil {
			return nil, err
		}
		differences, err := controller.differences(pairs)
		if err != nil {
			return nil, err
		}
		propagation := metav1.DeletePropagationForeground
		context, cleanup, err := sync.NewSyncContext("1", pairs, controller.config, controller.config, controller.kubectl,
			controller.application.Spec.Destination.Namespace,
			sync.WithLogr(logr.Discard()),
			sync.WithHealthOverride(lua.ResourceHealthOverrides(controller.overrides)),
			sync.WithInitialState(phase, message, results, began),
			sync.WithOperationSettings(false, asked.Prune, false, false),
			sync.WithManifestValidation(!controller.has(common.SyncOptionsDisableValidation)),
			sync.WithPruneLast(controller.has(common.SyncOptionPruneLast)),
			sync.WithResourceModificationChecker(controller.has("ApplyOutOfSyncOnly=true"), differences),
			sync.WithPrunePropagationPolicy(&propagation),
			sync.WithServerSideApply(controller.has(common.SyncOptionServerSideApply)),
			sync.WithServerSideApplyManager(argocommon.ArgoCDSSAManager),
			sync.WithClientSideApplyMigration(true, common.DefaultClientSideApplyMigrationManager),
			sync.WithSkipDryRunOnMissingResource(controller.has(common.SyncOptionSkipDryRunOnMissingResource)),
		)
		if err != nil {
			return nil, err
		}
		context.Sync()
		phase, message, results = context.GetState()
		cleanup()
		if !phase.Completed() {
			time.Sleep(pause)
		}
	}
	ended := operation{string(phase), message, map[string]result{}}
	for _, each := range results {
		ended.Resources[called(each.ResourceKey)] = result{string(each.Status), string(each.HookPhase), each.Message}
	}
	return ended, nil
}
