"""A warehouse's `vending_strategy`: an externally tagged union, or the word "None"."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pangolin.errors import BadRequest
from pangolin.interfaces.object_storage import Warehouse
from pangolin.services.context.redaction import mask
from pangolin.services.context.runtime import Runtime

# What `use_sts` means where no strategy is named.
DERIVED: Final = {"s3": "AwsSts", "azure": "AzureSas", "gcs": "GcpDownscoped"}


SIGNING: Final = "S3RemoteSigning"


FIELD: Final = "vending_strategy"
NONE: Final = "None"
Strategy = str | dict[str, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Shape:
    """The members of one strategy: required, optional, and which of them are secret."""

    required: tuple[str, ...]
    optional: tuple[str, ...] = ()
    secret: frozenset[str] = frozenset()


_ENTRA: Final = ("tenant_id", "client_id", "client_secret")
_ACCOUNT: Final = ("account_name", "account_key")
_GOOGLE: Final = ("service_account_email", "private_key", "impersonate")
SHAPES: Final[Mapping[str, Shape]] = {
    "AwsSts": Shape(("role_arn",), ("external_id",), frozenset({"external_id"})),
    "AwsWebIdentity": Shape(("role_arn",)),
    "AwsStatic": Shape(
        ("access_key_id", "secret_access_key"), secret=frozenset({"secret_access_key"})
    ),
    "S3RemoteSigning": Shape((), ("role_arn", "external_id"), frozenset({"external_id"})),
    "AzureSas": Shape((), (*_ACCOUNT, *_ENTRA), frozenset({"account_key", "client_secret"})),
    "AzureOAuth": Shape((), ("account_name", *_ENTRA), frozenset({"client_secret"})),
    "GcpDownscoped": Shape((), _GOOGLE, frozenset({"private_key"})),
    "GcpToken": Shape((), _GOOGLE, frozenset({"private_key"})),
}


def secret_members(tag: str, members: Mapping[str, str]) -> frozenset[str]:
    """Return the names of a strategy's secret members that have a value."""
    shape = SHAPES.get(tag)
    # Any member of a strategy that only a plugin knows may be secret.
    found = shape.secret if shape else frozenset(members)
    return frozenset(name for name in found if members.get(name))


def checked(
    given: Any, current: Strategy | None = None, installed: Collection[str] = ()
) -> Strategy | None:
    """Validate a strategy; raise `BadRequest` naming the member that is wrong.

    A secret sent in its masked form keeps the value it has in `current`. `installed` names the
    strategies of plugins; one that is not built in has the members that its plugin defines.
    """
    if given is None or given == NONE:
        return NONE if given else None
    tag, members = _split(given, installed)
    shape = SHAPES.get(tag)
    kept = current.get(tag, {}) if isinstance(current, dict) else {}
    return {
        tag: {
            name: _value(
                f"{FIELD}.{tag}.{name}",
                value,
                kept.get(name),
                shape is None or name in shape.secret,
            )
            for name, value in members.items()
            if value is not None
        }
    }


def masked(strategy: Strategy | None) -> Strategy | None:
    """Mask the secrets of a strategy."""
    if not isinstance(strategy, dict):
        return strategy
    return {
        tag: {k: mask(v) if k in secret_members(tag, members) else v for k, v in members.items()}
        for tag, members in strategy.items()
    }


def _split(given: Any, installed: Collection[str]) -> tuple[str, dict[str, Any]]:
    known = {*SHAPES, *installed}
    if not isinstance(given, dict) or len(given) != 1 or next(iter(given)) not in known:
        words = ", ".join(sorted(known))
        raise BadRequest(f'{FIELD} must be "None" or an object of one of {words}')
    tag, members = next(iter(given.items()))
    if not isinstance(members, dict):
        raise BadRequest(f"{FIELD}.{tag} must be an object")
    if tag in SHAPES:
        _check_members(tag, members, SHAPES[tag])
    return tag, members


def _check_members(tag: str, members: Mapping[str, Any], shape: Shape) -> None:
    for name in members:
        if name not in (*shape.required, *shape.optional):
            raise BadRequest(f"{FIELD}.{tag}.{name} is unknown")
    for name in shape.required:
        if not members.get(name):
            raise BadRequest(f"{FIELD}.{tag}.{name} is required")


def _value(field: str, value: Any, kept: str | None, secret: bool) -> str:
    if not isinstance(value, str):
        raise BadRequest(f"{field} must be text")
    if not secret or not value.startswith("***"):
        return value
    if kept is None or value != mask(kept):
        raise BadRequest(f"{field} is masked; give the secret itself")
    return kept


def strategy_of(warehouse: Mapping[str, Any]) -> str | None:
    """Name the strategy of a warehouse's record; None if it vends nothing."""
    return _strategy(
        warehouse["vending_strategy"], warehouse["use_sts"], warehouse["storage_config"]["type"]
    )


def check(runtime: Runtime, warehouse: Warehouse) -> None:
    """Raise `UnknownPlugin` listing the known strategies, or `BadRequest` naming an option.

    A saved warehouse has a vendor for its strategy and the options that the vendor needs. The
    check uses no network.
    """
    kind = warehouse.config["type"]
    strategy = _strategy(warehouse.vending_strategy, warehouse.use_sts, kind)
    if strategy is None:
        return
    vendor = runtime.vendor(strategy)
    if kind not in vendor.types:
        raise BadRequest(
            f"vending_strategy {strategy} is for warehouses of type {', '.join(vendor.types)}, "
            f"not {kind}"
        )
    vendor.validate(warehouse, runtime.settings)


def _strategy(named: object, use_sts: bool, kind: str) -> str | None:
    if isinstance(named, Mapping) and named:
        return str(next(iter(named)))
    if named == NONE or not use_sts:
        return None
    return DERIVED.get(kind)
