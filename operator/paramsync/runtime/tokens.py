"""Tokens of tenants' service accounts for STS, and what it means for a sync if there is none."""

from paramsync.aws.errors import SourceError
from paramsync.core.identity import ServiceAccount
from paramsync.core.reasons import Reason
from paramsync.kube.errors import ApiError, NotFound, Refused
from paramsync.kube.tenants import Tenants


def token_for(tenants: Tenants, account: ServiceAccount) -> str:
    """A new token of a service account. Blocks; it is asked for in the threads that ask AWS.

    :raises SourceError: if there is none.
    """
    try:
        return tenants.token(account.namespace, account.name)
    except NotFound:
        text = (
            f"Service account {account.name} of namespace {account.namespace}, which the ParameterStore reads as,"
            " does not exist; create it, or name another in the store's spec.serviceAccountRef"
        )
        failure = SourceError(Reason.STORE_INVALID, text)
    except Refused as error:
        text = (
            f"{error}; ParameterStore is enabled where the operator has the right to create serviceaccounts/token:"
            " a cluster admin can allow it, or let the sync use a ClusterParameterStore"
        )
        failure = SourceError(Reason.CLUSTER_REFUSED, text)
    except ApiError as error:
        failure = SourceError(Reason.SOURCE_UNAVAILABLE, f"AWS cannot be asked without a token: {error}")
    raise failure
