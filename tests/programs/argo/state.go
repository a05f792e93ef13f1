package main

import (
	"context"
	"fmt"

	"github.com/argoproj/argo-cd/gitops-engine/pkg/cache"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/diff"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/sync"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/sync/common"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/sync/resource"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/utils/kube"
	"github.com/argoproj/argo-cd/gitops-engine/pkg/utils/tracing"
	argocommon "github.com/argoproj/argo-cd/v3/common"
	"github.com/argoproj/argo-cd/v3/pkg/apis/application/v1alpha1"
	"github.com/argoproj/argo-cd/v3/util/argo"
	argodiff "github.com/argoproj/argo-cd/v3/util/argo/diff"
	"github.com/argoproj/argo-cd/v3/util/argo/normalizers"
	"github.com/argoproj/argo-cd/v3/util/lua"
	"github.com/argoproj/argo-cd/v3/util/settings"
	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/client-go/kubernetes/fake"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

const home = "argocd"

// A controller is what Argo CD's application controller knows of one application and its cluster.
type controller struct {
	application *v1alpha1.Application
	objects     []*unstructured.Unstructured
	config      *rest.Config
	kubectl     *kube.KubectlCmd
	cluster     cache.ClusterCache
	tracking    argo.ResourceTracking
	labelKey    string
	method      v1alpha1.TrackingMethod
	overrides   map[string]v1alpha1.ResourceOverride
	options     settings.ArgoCDDiffOptions
}

// settingsOf reads settings as Argo CD does, so that a key of argocd-cm that it does not know is not one here.
func settingsOf(asked *request) (*settings.SettingsManager, error) {
	labels := map[string]string{"app.kubernetes.io/part-of": "argocd"}
	about := func(name string) metav1.ObjectMeta {
		return metav1.ObjectMeta{Name: name, Namespace: home, Labels: labels}
	}
	client := fake.NewClientset(
		&corev1.ConfigMap{ObjectMeta: about(argocommon.ArgoCDConfigMapName), Data: asked.Settings},
		&corev1.Secret{ObjectMeta: about(argocommon.ArgoCDSecretName)},
	)
	return settings.NewSettingsManager(context.Background(), client, home), nil
}

func controllerOf(asked *request) (*controller, error) {
	application, err := applicationOf(asked)
	if err != nil {
		return nil, err
	}
	manager, err := settingsOf(asked)
	if err != nil {
		return nil, err
	}
	config, err := clientcmd.BuildConfigFromFlags("", asked.Kubeconfig)
	if err != nil {
		return nil, err
	}
	config.QPS, config.Burst = 200, 400 // what it reads first is every kind that there is
	labelKey, err := manager.GetAppInstanceLabelKey()
	if err != nil {
		return nil, err
	}
	method, err := manager.GetTrackingMethod()
	if err != nil {
		return nil, err
	}
	overrides, err := manager.GetResourceOverrides()
	if err != nil {
		return nil, err
	}
	options, err := manager.GetResourceCompareOptions()
	if err != nil {
		return nil, err
	}
	filter, err := manager.GetResourcesFilter()
	if err != nil {
		return nil, err
	}
	made := &controller{
		application: application,
		config:      config,
		kubectl:     &kube.KubectlCmd{Log: logr.Discard(), Tracer: tracing.NopTracer{}},
		tracking:    argo.NewResourceTracking(),
		labelKey:    labelKey,
		method:      v1alpha1.TrackingMethod(method),
		overrides:   overrides,
		options:     options,
	}
	for _, object := range asked.Objects {
		if !kube.IsCRD(object) { // as its repository server does
			namespace := application.Spec.Destination.Namespace
			if err := made.tracking.SetAppInstance(object, labelKey, made.name(), namespace, made.method, ""); err != nil {
				return nil, err
			}
		}
		made.objects = append(made.objects, object)
	}
	made.cluster = cache.NewClusterCache(config,
		cache.SetLogr(logr.Discard()),
		cache.SetSettings(cache.Settings{
			ResourceHealthOverride: lua.ResourceHealthOverrides(overrides), ResourcesFilter: filter,
		}),
		cache.SetPopulateResourceInfoHandler(made.populate),
	)
	if err := made.cluster.EnsureSynced(); err != nil {
		return nil, fmt.Errorf("the cluster cannot be read: %w", err)
	}
	for _, object := range made.objects { // as its controller does before it compares
		kind := object.GroupVersionKind().GroupKind()
		if object.GetNamespace() == "" && kube.IsNamespacedOrUnknown(made.cluster, kind) {
			object.SetNamespace(application.Spec.Destination.Namespace)
		}
	}
	return made, nil
}

func (c *controller) name() string {
	return c.application.InstanceName(home)
}

// populate tells of a live object whose it is, and whether the whole of it is kept, as Argo CD's cache does.
func (c *controller) populate(live *unstructured.Unstructured, isRoot bool) (any, bool) {
	owner := ""
	if isRoot {
		owner = c.tracking.GetAppName(live, c.labelKey, c.method, "")
	}
	return owner, owner != "" || kube.IsCRD(live)
}

func (c *controller) isManaged(live *cache.Resource) bool {
	owner, _ := live.Info.(string)
	return owner == c.name()
}

// reconciled pairs what is desired with what is live; what is the application's and not desired has no partner.
func (c *controller) reconciled() (sync.ReconciliationResult, error) {
	live, err := c.cluster.GetManagedLiveObjs(c.objects, c.isManaged)
	if err != nil {
		return sync.ReconciliationResult{}, err
	}
	return sync.Reconcile(c.objects, live, c.application.Spec.Destination.Namespace, c.cluster), nil
}

func (c *controller) has(option string) bool {
	policy := c.application.Spec.SyncPolicy
	return policy != nil && policy.SyncOptions.HasOption(option)
}

// differences compares each pair in the way that the application asks for.
func (c *controller) differences(pairs sync.ReconciliationResult) (*diff.DiffResultList, error) {
	builder := argodiff.NewDiffConfigBuilder().
		WithDiffSettings(c.application.Spec.IgnoreDifferences, c.overrides, c.options.IgnoreAggregatedRoles,
			normalizers.IgnoreNormalizerOpts{}).
		WithTracking(c.labelKey, string(c.method)).
		WithNoCache().
		WithLogger(logr.Discard()).
		WithGVKParser(c.cluster.GetGVKParser()).
		WithManager(argocommon.ArgoCDSSAManager).
		WithStructuredMergeDiff(c.has(common.SyncOptionServerSideApply))
	if resource.HasAnnotationOption(c.application, argocommon.AnnotationCompareOptions, "ServerSideDiff=true") {
		applier, cleanup, err := c.kubectl.ManageServerSideDiffDryRuns(c.config)
		if err != nil {
			return nil, err
		}
		defer cleanup()
		builder.WithServerSideDiff(true).WithServerSideDryRunner(diff.NewK8sServerSideDryRunner(applier))
	}
	config, err := builder.Build()
	if err != nil {
		return nil, err
	}
	return argodiff.StateDiffs(pairs.Live, pairs.Target, config)
}
