import pytest
from pangolin_azure.account import account_of
from pangolin_azure.scope import Scope, scope_of

from pangolin.plugin import Access, BadRequest, Forbidden

PLACE = {"adls.account-name": "lake1", "adls.container": "lake"}
ROOT = "abfss://lake@lake1.dfs.core.windows.net"
TABLE = (f"{ROOT}/sales/orders",)
FLAT = {"adls.hierarchical-namespace": "false"}
WHOLE = {"adls.allow-container-scope": "true"}


def scope(access: Access, **options: str) -> Scope:
    return scope_of(access, account_of(PLACE), PLACE | options)


@pytest.mark.parametrize(
    ("access", "permissions"),
    [
        (Access(TABLE), "rl"),
        (Access(TABLE, TABLE), "racwl"),
        (Access(TABLE, TABLE, TABLE), "racwdl"),
        (Access((), TABLE), "acw"),
        (Access((), (), TABLE), "d"),
    ],
)
def test_a_privilege_is_what_it_says_in_azures_order(access: Access, permissions: str) -> None:
    assert scope(access) == Scope(("sales", "orders"), permissions)


def test_an_access_to_nothing_gets_nothing() -> None:
    with pytest.raises(Forbidden):
        scope(Access())


def test_directories_below_the_tables_own_are_one_scope() -> None:
    inner = (*TABLE, f"{TABLE[0]}/data")
    assert scope(Access(inner, inner)) == Scope(("sales", "orders"), "racwl")


def test_directories_without_one_that_holds_them_are_refused_by_name() -> None:
    other = f"{ROOT}/sales/orders2"
    with pytest.raises(BadRequest, match="orders2") as raised:
        scope(Access((*TABLE, other)))
    assert TABLE[0] in raised.value.message


def test_a_privilege_on_a_part_is_not_given_on_the_whole() -> None:
    part = f"{TABLE[0]}/data"
    with pytest.raises(BadRequest, match="orders/data"):
        scope(Access(TABLE, (part,)))


@pytest.mark.parametrize(
    "elsewhere",
    [
        "abfss://other@lake1.dfs.core.windows.net/sales/orders",
        "abfss://lake@lake2.dfs.core.windows.net/sales/orders",
        "abfss://lake@lake1.dfs.core.chinacloudapi.cn/sales/orders",
        "abfss://lake@lake1.blob.core.windows.net/sales/orders",
        "s3://wh/sales/orders",
    ],
)
def test_another_container_is_forbidden(elsewhere: str) -> None:
    with pytest.raises(Forbidden, match="outside"):
        scope(Access((elsewhere,)))


def test_a_whole_container_needs_leave() -> None:
    with pytest.raises(BadRequest, match="allow-container-scope"):
        scope(Access((ROOT,)))
    assert scope(Access((ROOT,)), **WHOLE) == Scope((), "rl")


def test_without_a_hierarchical_namespace_a_container_is_opened_only_with_leave() -> None:
    with pytest.raises(BadRequest, match="hierarchical-namespace must be true"):
        scope(Access(TABLE), **FLAT)
    assert scope(Access(TABLE), **FLAT, **WHOLE) == Scope((), "rl")


def test_leave_alone_does_not_widen_a_directory() -> None:
    assert scope(Access(TABLE), **WHOLE).path == ("sales", "orders")
