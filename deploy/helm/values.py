"""The values of the chart: what a user may set, checked by Helm before anything is sent to a cluster.

What becomes the settings file has the models of the settings file; what becomes a part of a Kubernetes object has that
object's form, which the API server checks.
"""

from typing import Annotated, Literal

from pydantic import Field

from paramsync.api.base import Model, ObjectName
from paramsync.api.fields import Region

Fragment = dict[str, object]
"""A part of a Kubernetes object."""

Texts = dict[str, str]
Name = Annotated[str, Field(max_length=63, pattern=r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?)?$")]
"""A part of objects' names, or empty."""

SecretName = Annotated[str, Field(max_length=253, pattern=r"^([a-z0-9]([-.a-z0-9]*[a-z0-9])?)?$")]
"""The name of a Secret, or empty."""

Namespace = Annotated[str, Field(max_length=63, pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$")]
Level = Literal["debug", "info", "warning", "error"]
Part = Literal["aws", "kube", "feeds", "runtime", "libraries"]
Duration = Annotated[str, Field(pattern=r"^([0-9]+(ms|s|m|h))+$")]


class ParameterStores(Model):
    """Stores of single namespaces."""

    enabled: bool
    """Whether [ParameterStores](parameterstore.md) work. They need the right to make tokens of service accounts, which
    is one to become any of them: without it, no such right is granted."""


class Image(Model):
    """The image of the operator."""

    repository: Annotated[str, Field(min_length=1)]
    """Where the image is, with the registry's host if it has one."""

    tag: Annotated[str, Field(pattern=r"^[\w.-]{0,128}$")]
    """Its tag. Default: the version of the chart. Of no account while there is a digest, as in a released chart."""

    digest: Annotated[str, Field(pattern=r"^(sha256:[0-9a-f]{64})?$")]
    """Its digest, which is used instead of the tag."""

    pull_policy: Literal["IfNotPresent", "Always", "Never"]
    """When it is pulled."""


class Definitions(Model):
    """The CustomResourceDefinitions."""

    install: bool
    """Whether the chart brings the definitions, and renews them at an upgrade. `helm uninstall` never removes them:
    they would take every target along. One release of a cluster should have them."""


class Policies(Model):
    """The admission policies."""

    enabled: bool
    """Whether the [admission policies](../policies.md) bind the operator's account. They are left out where the cluster
    is older than Kubernetes 1.33."""


class Rights(Model):
    """Roles and their bindings."""

    create: bool
    """Whether the chart makes the operator's roles and their bindings."""

    aggregate: bool
    """Whether those with the role `edit` or `admin` in a namespace may write its syncs and stores, and those with
    `view` see its syncs. Not with `watchNamespaces`, and not without `rbac.create`."""


class ServiceAccount(Model):
    """The account of the operator."""

    create: bool
    """Whether the chart makes it."""

    name: Name
    """Its name. Default: that of the release."""

    annotations: Texts
    """Its annotations: `eks.amazonaws.com/role-arn` for IRSA. Pod Identity needs none."""


class CaBundle(Model):
    """Authorities that are trusted on the way to AWS, instead of the public ones."""

    config_map: Annotated[str, Field(max_length=253)]
    """A ConfigMap of the release's namespace with them, in PEM."""

    key: Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]{1,253}$")]
    """Its key."""


class Proxy(Model):
    """A proxy on the way to AWS. The API server and link-local addresses are never reached by it."""

    https: str
    """`HTTPS_PROXY`."""

    http: str
    """`HTTP_PROXY`."""

    no_proxy: tuple[str, ...]
    """Further hosts that are reached without it, such as VPC endpoints."""


class MetricsTls(Model):
    """TLS of the port of metrics."""

    secret_name: SecretName
    """A Secret of type `kubernetes.io/tls` in the release's namespace: [metrics are served over
    TLS](metrics.md#who-may-read-them) with it. Monitors trust its `ca.crt` for the Service's name."""


class MetricsToken(Model):
    """A token that is asked for on the port of metrics."""

    secret_name: SecretName
    """A Secret of the release's namespace with the [bearer token](metrics.md#who-may-read-them) that metrics are shown
    for. Needs `metrics.tls`. Monitors send it."""

    key: Annotated[str, Field(pattern=r"^[-._a-zA-Z0-9]{1,253}$")]
    """Its key."""


class MetricsService(Model):
    """A Service for the port of metrics."""

    enabled: bool
    """Whether there is a Service for the port of metrics."""


class Monitor(Model):
    """An object of the Prometheus operator."""

    enabled: bool
    """Whether the Prometheus operator, which must be installed, is told to read metrics."""

    interval: Duration
    """How often metrics are read."""

    labels: Texts
    """Labels by which Prometheus finds it."""


class Alerts(Model):
    """A PrometheusRule, which the Prometheus operator reads."""

    enabled: bool
    """Whether the Prometheus operator, which must be installed, is given the [alert rules](../monitoring.md)."""

    labels: Texts
    """Labels by which Prometheus finds them."""

    alert_labels: Texts
    """Further labels of each alert, to send it where it belongs."""

    disabled: Annotated[tuple[str, ...], Field(json_schema_extra={"uniqueItems": True})]
    """Alerts that are left out, by their names."""

    runbook: Annotated[str, Field(pattern=r"^(https?://[^\s#{}]+)?$")]
    """Where your people read [the page on monitoring](../monitoring.md): each alert links to its section there by an
    annotation `runbook_url`. Without it an annotation `runbook` names the section."""


class Dashboard(Model):
    """A ConfigMap with a dashboard, which Grafana's sidecar reads."""

    enabled: bool
    """Whether there is a ConfigMap with the [dashboard for Grafana](../monitoring.md#the-dashboard)."""

    namespace: Namespace | Literal[""]
    """Its namespace. Default: the release's."""

    labels: Texts
    """Labels by which the sidecar of Grafana finds it."""

    annotations: Texts
    """Its annotations, such as the one by which the sidecar chooses a folder."""


class Metrics(Model):
    """How metrics are read, and what is made of them."""

    objects: bool
    """`metrics.objects` of the [settings file](settings.md): whether each sync, subtree and store has series of its
    own."""

    tls: MetricsTls
    token: MetricsToken
    service: MetricsService
    service_monitor: Monitor
    pod_monitor: Monitor
    prometheus_rule: Alerts
    dashboard: Dashboard


class NetworkPolicy(Model):
    """A NetworkPolicy for the operator's pods."""

    enabled: bool
    """Whether the traffic of the operator's pods is restricted."""

    metrics_from: tuple[Fragment, ...]
    """Who may read metrics, as `from` of a rule. Default: everybody."""

    egress: tuple[Fragment, ...]
    """Where the operator may connect to: it needs DNS, the API server, AWS, and the agent of Pod Identity. Add the port
    of a proxy."""


class DisruptionBudget(Model):
    """A PodDisruptionBudget."""

    enabled: bool
    """Whether drains of nodes leave pods running."""

    max_unavailable: Annotated[int, Field(ge=1)]
    """How many pods may be away at once when nodes are drained."""


class Probe(Model):
    """When a probe counts."""

    period_seconds: Annotated[int, Field(ge=1)]
    """Seconds between two."""

    timeout_seconds: Annotated[int, Field(ge=1)]
    """Seconds until one has failed."""

    failure_threshold: Annotated[int, Field(ge=1)]
    """How many must fail."""


class Probes(Model):
    """The probes of the operator's pods."""

    liveness: Probe
    readiness: Probe


class Values(Model):
    """All values, as `values.yaml` has them."""

    region: Region | Literal[""]
    """`region` of the settings file, and `AWS_REGION`. Default: the environment's, which EKS sets."""

    stores: Annotated[dict[ObjectName, object], Field(max_length=256)]
    """[`stores` of the settings file](settings.md): ClusterParameterStores by name."""

    budget: dict[str, object]
    """[`budget` of the settings file](settings.md#the-api-budget)."""

    max_decrypted_mib: Annotated[int, Field(alias="maxDecryptedMiB", ge=1, le=65_536)]
    """`maxDecryptedMiB` of the settings file. Raise `resources` with it."""

    watch_namespaces: Annotated[tuple[Namespace, ...], Field(max_length=256, json_schema_extra={"uniqueItems": True})]
    """The only namespaces whose syncs are served; the operator then has Roles in them, and no ClusterRole. Default:
    all."""

    parameter_stores: ParameterStores
    image: Image

    image_pull_secrets: tuple[Fragment, ...]
    """As in a pod."""

    replicas: Annotated[int, Field(ge=0)]
    """How many pods. One leads, the others wait to take over."""

    log_format: Literal["json", "text"]
    """How log lines are written."""

    log_level: Level
    """The least level that is logged."""

    log_levels: dict[Part, Level]
    """Levels of [single parts](../logging.md#levels) instead of that, such as `{aws: debug}`."""

    crds: Definitions
    policies: Policies
    rbac: Rights
    service_account: ServiceAccount

    resources: Fragment
    """As in a container. The defaults are [measured](../install.md#resources)."""

    ca_bundle: CaBundle
    proxy: Proxy

    extra_env: tuple[Fragment, ...]
    """Further environment of the operator, as in a container, instead of what follows from other values:
    [what boto3 takes from it](../install.md#proxies-authorities-fips)."""

    extra_volumes: tuple[Fragment, ...]
    """Further volumes, as in a pod."""

    extra_volume_mounts: tuple[Fragment, ...]
    """Where they are mounted, as in a container."""

    metrics: Metrics
    network_policy: NetworkPolicy
    pod_disruption_budget: DisruptionBudget
    probes: Probes

    pod_security_context: Fragment
    """As in a pod."""

    security_context: Fragment
    """As in a container."""

    topology_spread_constraints: tuple[Fragment, ...]
    """As in a pod; `labelSelector` is added."""

    node_selector: Texts
    """As in a pod."""

    tolerations: tuple[Fragment, ...]
    """As in a pod."""

    affinity: Fragment
    """As in a pod."""

    priority_class_name: Annotated[str, Field(max_length=253)]
    """As in a pod."""

    termination_grace_period_seconds: Annotated[int, Field(ge=25)]
    """As in a pod. Running writes have 20 seconds to end."""

    labels: Texts
    """Further labels of all objects but definitions and policies."""

    pod_labels: Texts
    """Further labels of pods."""

    pod_annotations: Texts
    """Further annotations of pods."""

    name_override: Name
    """Instead of the chart's name in names and labels."""

    fullname_override: Name
    """Instead of the release's name in names."""
