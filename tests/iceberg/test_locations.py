import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pangolin.errors import BadRequest, Forbidden
from pangolin.iceberg.locations import (
    Location,
    parse_location,
    parse_new_location,
    safe_segment,
)

ROOT = parse_location("s3://bucket/a")


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("s3://bucket/a/b/", "s3://bucket/a/b"),
        ("S3a://bucket/a", "s3://bucket/a"),
        ("s3n://bucket", "s3://bucket"),
        ("s3://bucket/", "s3://bucket"),
        ("gcs://bucket/a", "gs://bucket/a"),
        ("abfs://c@acct.dfs.core.windows.net/a", "abfss://c@acct.dfs.core.windows.net/a"),
        ("wasb://c@ACCT.blob.core.windows.net/a", "abfss://c@acct.dfs.core.windows.net/a"),
        ("wasbs://c@acct.blob.core.windows.net/a", "abfss://c@acct.dfs.core.windows.net/a"),
        ("file:/x/y", "file:///x/y"),
        ("file:///x/y/", "file:///x/y"),
        ("file://localhost/x", "file:///x"),
        ("file:///", "file:///"),
        ("hdfs://namenode:8020/x", "hdfs://namenode:8020/x"),
        ("s3://bucket/100%/a b/+/ü'\"", "s3://bucket/100%/a b/+/ü'\""),
        ("s3://bucket/part=%3A", "s3://bucket/part=%3A"),
    ],
)
def test_a_location_has_one_canonical_spelling(text: str, canonical: str) -> None:
    assert str(parse_location(text)) == canonical
    assert parse_location(canonical) == parse_location(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/no/scheme",
        "bucket/a",
        "s3:bucket/a",
        "s3:/bucket/a",
        "s3:///a",
        "file:relative",
        "file://elsewhere/a",
        "s3://bucket/a/../b",
        "s3://bucket/./b",
        "s3://bucket/%2e%2e/b",
        "s3://bucket/%2E./b",
        "s3://bucket/%252e%252e/b",
        "s3://bucket/%%32e%2e/b",
        "s3://bucket/..%2fb",
        "s3://bucket/a%2fb",
        "s3://bucket/a%252Fb",
        "s3://bucket/a%5cb",
        "s3://bucket/a%00",
        "s3://bucket//a",
        "s3://bucket/a//",
        "s3://bucket/a\\b",
        "s3://bucket/a\nb",
        "s3://bucket/a\x7f",
        "s3://bucket/a\u2028",
        "s3://bucket/a?x=1",
        "s3://bucket/a#x",
        "s3://user@bucket/a",
        "s3://user:word@bucket/a",
        "s3://buck et/a",
        "s3://bücket/a",
        "abfss://@acct.dfs.core.windows.net/a",
        "abfss://u:p@c@acct.dfs.core.windows.net/a",
        "s3://bucket/\ud800",
        "s3://bucket/" + "a" * 2048,
    ],
)
def test_an_ambiguous_location_is_refused_by_field_name(text: str) -> None:
    with pytest.raises(BadRequest, match=r"^write\.data\.path "):
        parse_location(text, "write.data.path")


@pytest.mark.parametrize("character", "*?$")
def test_new_locations_refuse_policy_wildcards(character: str) -> None:
    with pytest.raises(BadRequest, match=r"^location "):
        parse_new_location(f"s3://bucket/a{character}")


def test_a_location_contains_itself_and_what_is_below_but_no_sibling() -> None:
    assert ROOT.contains(ROOT)
    assert ROOT.contains(parse_location("s3a://bucket/a/b/c"))
    assert not ROOT.contains(parse_location("s3://bucket/a2"))
    assert not ROOT.contains(parse_location("s3://bucket"))
    assert not ROOT.contains(parse_location("s3://other/a/b"))
    assert not ROOT.contains(parse_location("gs://bucket/a/b"))


def test_a_child_lies_below() -> None:
    assert str(ROOT.child("b c", "d")) == "s3://bucket/a/b c/d"
    assert str(parse_location("file:///").child("x")) == "file:///x"


@pytest.mark.parametrize("segment", ["", ".", "..", "a/b", "%2e%2e", "a\\b", "a\n"])
def test_a_child_is_one_plain_segment(segment: str) -> None:
    with pytest.raises(BadRequest):
        ROOT.child(segment)


def test_within_accepts_encoded_partition_values_literally() -> None:
    found = ROOT.within("s3a://bucket/a/data/part=x%2Fy%0A/f.parquet")
    assert str(found) == "s3://bucket/a/data/part=x%2Fy%0A/f.parquet"


@pytest.mark.parametrize(
    "text",
    ["s3://bucket/a2/x", "s3://bucket/a/../b", "s3://bucket/a/x%2F..%2F..%2Fb", "s3://b/a", "a/x"],
)
def test_within_forbids_everything_else(text: str) -> None:
    with pytest.raises(Forbidden):
        ROOT.within(text)


def test_deeply_nested_encoding_is_looked_through_quickly() -> None:
    started = time.monotonic()
    with pytest.raises(BadRequest, match=r"'\.' or '\.\.'"):
        parse_location("s3://bucket/%" + "25" * 900 + "2e.")
    assert time.monotonic() - started < 2


@given(st.text(max_size=200))
def test_any_name_becomes_a_safe_segment(name: str) -> None:
    segment = safe_segment(name)
    assert re.fullmatch(r"[A-Za-z0-9_.-]{1,96}", segment)
    assert not segment.startswith(".")
    assert ROOT.child(segment) == parse_new_location(f"s3://bucket/a/{segment}")


def test_different_names_get_different_segments() -> None:
    names = ["a b", "a_b", "a/b", "", ".", "..", "x" * 96, "x" * 97, "x" * 98, "ü", "\ud800"]
    assert len({safe_segment(name) for name in names}) == len(names)


def test_a_plain_name_stays_as_it_is() -> None:
    assert safe_segment("Orders_2024-01.v2") == "Orders_2024-01.v2"


@given(st.lists(st.text(min_size=1, max_size=20), max_size=4))
def test_whatever_parses_prints_back_to_the_same_location(segments: list[str]) -> None:
    try:
        parsed = parse_location("s3://bucket/" + "/".join(segments))
    except BadRequest:
        return
    assert parse_location(str(parsed)) == parsed
    assert Location("s3", "bucket", ()).contains(parsed)
