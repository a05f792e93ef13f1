"""The main job: parameters become a Secret and a ConfigMap, and stay equal to them."""

from tests.aws.emulator import Emulator
from tests.running.objects import Syncs
from tests.running.operator import Operator


def test_parameters_become_a_secret_and_a_config_map(ssm: Emulator, operator: Operator, syncs: Syncs) -> None:
    ssm.put("/prod/pay/db/host", "db.internal")
    ssm.put("/prod/pay/db/password", "hunter2", "SecureString")
    ssm.put("/prod/pay/hosts", "a,b", "StringList")
    syncs.create("pay", "/prod/pay")

    sync = syncs.wait_reason("pay", "Synced")

    assert syncs.data("Secret", "pay") == {"DB_PASSWORD": "hunter2"}
    assert syncs.data("ConfigMap", "pay") == {"DB_HOST": "db.internal", "HOSTS": "a,b"}
    assert (sync["status"]["parameters"], sync["status"]["secure"]) == (3, 1)
