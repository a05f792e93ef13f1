"""The tree that the demo puts into Parameter Store."""

from dataclasses import dataclass

from tests.aws.emulator import Emulator
from tests.aws.names import ParameterType
from tests.running.canaries import Canary

PATH = "/dev/payment-service"
SECURE = ("db/password", "stripe/api-key", "stripe/webhook-secret")


@dataclass(frozen=True)
class Given:
    """A parameter of the demo."""

    relative: str
    type: ParameterType
    value: str

    @property
    def name(self) -> str:
        """Its full name."""
        return f"{PATH}/{self.relative}"


def canaries() -> dict[str, Canary]:
    """Values for the SecureStrings that can be searched for: they occur nowhere by chance."""
    return {name: Canary.of(name, "canary-{}") for name in SECURE}


def tree(secure: dict[str, Canary]) -> list[Given]:
    """What a payment service would have."""
    return [
        Given("db/host", "String", "payments.db.internal"),
        Given("db/port", "String", "5432"),
        Given("db/user", "String", "payments"),
        Given("kafka/brokers", "StringList", "kafka-1:9092,kafka-2:9092,kafka-3:9092"),
        Given("feature/instant-refunds", "String", "true"),
        Given("log-level", "String", "info"),
        *(Given(name, "SecureString", canary.value) for name, canary in secure.items()),
    ]


def put(ssm: Emulator, parameters: list[Given]) -> None:
    """Write them."""
    for parameter in parameters:
        ssm.put(parameter.name, parameter.value, parameter.type)
