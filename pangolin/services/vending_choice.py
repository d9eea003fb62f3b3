"""Which strategy a warehouse vends by: the one it names, or the one that `use_sts` stands for."""

from collections.abc import Mapping
from typing import Any, Final

from pangolin.errors import BadRequest
from pangolin.interfaces.object_storage import Warehouse
from pangolin.services.context.scope import Runtime
from pangolin.services.storage.vending_strategies import NONE

# What `use_sts` means where no strategy is named.
DERIVED: Final = {"s3": "AwsSts", "azure": "AzureSas", "gcs": "GcpDownscoped"}
SIGNING: Final = "S3RemoteSigning"


def strategy_of(warehouse: Mapping[str, Any]) -> str | None:
    """Name the strategy of a warehouse's record; None: nothing is vended."""
    return _strategy(
        warehouse["vending_strategy"], warehouse["use_sts"], warehouse["storage_config"]["type"]
    )


def check(runtime: Runtime, warehouse: Warehouse) -> None:
    """Raise `UnknownPlugin`, listing the strategies there are, or `BadRequest` naming an option.

    A warehouse that is saved has a vendor for its strategy, and what that vendor needs. No network.
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
