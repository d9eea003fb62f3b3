import pytest
from hypothesis import given
from hypothesis import strategies as st
from pangolin_gcp.boundary import MAX_EXPRESSION, boundary_of, literal

from pangolin.plugin import Access, BadRequest, Forbidden
from tests.examples import examples
from tests.servers.gcp import BUCKET, Given, allows, evaluated
from tests.servers.gcs_requests import Wish

ROOT = f"gs://{BUCKET}"
TABLE = (f"{ROOT}/sales/orders",)
EVERY = ("get", "list", "create", "delete")


def given_for(access: Access) -> Given:
    rules = boundary_of(access, BUCKET)["accessBoundary"]["accessBoundaryRules"]
    return Given("a", 0, rules)


def opened(access: Access, name: str) -> set[str]:
    token = given_for(access)
    return {each for each in EVERY if allows(token, True, Wish(each, name))}


@pytest.mark.parametrize(
    ("access", "expected"),
    [
        (Access(TABLE), {"get", "list"}),
        (Access((), TABLE), {"create"}),
        (Access(TABLE, TABLE), {"get", "list", "create"}),
        (Access(TABLE, TABLE, TABLE), {"get", "list", "create", "delete"}),
    ],
)
def test_a_privilege_opens_what_is_below_the_table_only(access: Access, expected: set[str]) -> None:
    assert opened(access, "sales/orders/data/x") == expected
    for outside in ("sales/orders", "sales/orders2/x", "sales/x", "x", "", "other/sales/orders/x"):
        assert opened(access, outside) == set()


def test_privileges_on_parts_are_kept_apart() -> None:
    access = Access((f"{ROOT}/a", f"{ROOT}/b"), (f"{ROOT}/b",), (f"{ROOT}/b",))
    assert opened(access, "a/x") == {"get", "list"}
    assert opened(access, "b/x") == set(EVERY)
    assert opened(access, "c/x") == set()


def test_folders_of_a_hierarchical_bucket_are_the_tables_too() -> None:
    (rule,) = given_for(Access(TABLE)).rules or []
    expression = rule["availabilityCondition"]["expression"]
    folders = f"projects/_/buckets/{BUCKET}/folders/sales"
    assert evaluated(expression, f"{folders}/orders/data", "")
    assert not evaluated(expression, f"{folders}/orders2/data", "")


def test_a_list_of_everything_is_refused() -> None:
    token = given_for(Access(TABLE))
    for prefix in ("", "sales", "sales/", "sales/orders", "sales/orders2/"):
        assert not allows(token, True, Wish("list", prefix))
    assert allows(token, True, Wish("list", "sales/orders/"))


def test_an_access_to_nothing_gets_nothing() -> None:
    with pytest.raises(Forbidden):
        boundary_of(Access(), BUCKET)


@pytest.mark.parametrize("elsewhere", ["gs://other/sales", "s3://lake-bkt/sales"])
def test_another_bucket_is_forbidden(elsewhere: str) -> None:
    with pytest.raises(Forbidden, match="outside"):
        boundary_of(Access((elsewhere,)), BUCKET)


def test_a_whole_bucket_is_refused() -> None:
    with pytest.raises(BadRequest, match="whole bucket"):
        boundary_of(Access((ROOT,)), BUCKET)


@pytest.mark.parametrize("access", [Access((), (), TABLE), Access(TABLE, (), TABLE)])
def test_to_delete_alone_cannot_be_said(access: Access) -> None:
    with pytest.raises(BadRequest, match="delete"):
        boundary_of(access, BUCKET)


def test_what_does_not_fit_one_expression_fills_several_rules() -> None:
    access = Access(tuple(f"{ROOT}/{number:03}/{'x' * 80}" for number in range(20)))
    rules = given_for(access).rules or []
    assert 1 < len(rules) <= 10
    lengths = [len(rule["availabilityCondition"]["expression"]) for rule in rules]
    assert max(lengths) <= MAX_EXPRESSION
    assert opened(access, f"019/{'x' * 80}/a") == {"get", "list"}
    assert opened(access, f"020/{'x' * 80}/a") == set()


def test_what_does_not_fit_ten_rules_is_refused_by_name() -> None:
    with pytest.raises(BadRequest, match="/099/"):
        boundary_of(Access(tuple(f"{ROOT}/{n:03}/{'x' * 90}" for n in range(100))), BUCKET)
    with pytest.raises(BadRequest, match="do not fit"):
        boundary_of(Access((f"{ROOT}/{'x' * 900}",)), BUCKET)


SEGMENTS = st.text(
    st.sampled_from("ab2*$'\"`%()|&=!. ü日🦔") | st.characters(exclude_categories=["Cs", "Cc"]),
    min_size=1,
    max_size=10,
).map(lambda text: text.replace("/", "_"))


@examples(40)
@given(table=SEGMENTS, inside=SEGMENTS, other=SEGMENTS)
def test_exactly_the_tables_objects_are_opened_whatever_their_names(
    table: str, inside: str, other: str
) -> None:
    location = (f"{ROOT}/ns/{table}",)
    try:
        token = given_for(Access(location, location, location))
    except BadRequest:
        return  # no location at all, as the core would have said before
    assert allows(token, True, Wish("create", f"ns/{table}/{inside}"))
    assert allows(token, True, Wish("list", f"ns/{table}/"))
    for outside in (f"ns/{table}{other}/x", f"{other}/{table}/x", "ns/", f"ns/{table}"):
        if not outside.startswith(f"ns/{table}/"):
            assert not any(allows(token, True, Wish(each, outside)) for each in EVERY)


@pytest.mark.parametrize("text", ["x') || true || ('", "a\\", "'", '"', "`", "\t\n\r\b\f", "\\'"])
def test_a_literal_is_what_it_was_and_no_more(text: str) -> None:
    expression = f"resource.name == {literal(text)}"
    assert evaluated(expression, text, "")
    assert not evaluated(expression, text + "x", "")


@pytest.mark.parametrize("text", ["\0", "\x1b", "\ud800"])
def test_a_literal_refuses_what_cel_cannot_hold(text: str) -> None:
    with pytest.raises(BadRequest):
        literal(text)
