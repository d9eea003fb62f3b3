"""Contracts that prove a plugin: subclass one in your tests and override its fixture."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pangolin.testing.object_contract import ObjectStoreContract
    from pangolin.testing.process_contract import ProcessContract
    from pangolin.testing.store_contract import StoreContract
    from pangolin.testing.vendor_contract import VendorContract

CONTRACTS = {
    "ObjectStoreContract": "pangolin.testing.object_contract",
    "ProcessContract": "pangolin.testing.process_contract",
    "StoreContract": "pangolin.testing.store_contract",
    "VendorContract": "pangolin.testing.vendor_contract",
}
REWRITTEN = (
    "pangolin.testing.object_contract",
    "pangolin.testing.process_contract",
    "pangolin.testing.store_contract",
    "pangolin.testing.store_contract_batches",
    "pangolin.testing.store_contract_durable",
    "pangolin.testing.store_contract_indexes",
    "pangolin.testing.store_contract_kinds",
    "pangolin.testing.store_contract_model",
    "pangolin.testing.store_contract_pages",
    "pangolin.testing.store_contract_races",
    "pangolin.testing.store_contract_text",
    "pangolin.testing.vendor_contract",
    "pangolin.testing.vendor_contract_crowds",
    "pangolin.testing.vendor_contract_place",
    "pangolin.testing.vendor_contract_scope",
    "pangolin.testing.vendor_contract_secrets",
    "pangolin.testing.vendor_contract_terms",
)

# Failed assertions in a contract then show their values, like those of the plugin's own tests.
pytest.register_assert_rewrite(*REWRITTEN)

__all__ = ["ObjectStoreContract", "ProcessContract", "StoreContract", "VendorContract"]


def __getattr__(name: str) -> Any:
    if name not in CONTRACTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(CONTRACTS[name]), name)
