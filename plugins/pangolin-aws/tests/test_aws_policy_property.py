"""The policy allows exactly a table's objects, by an evaluator that shares nothing with it."""

import json

from hypothesis import given
from hypothesis import strategies as st
from pangolin_aws.place import place_of
from pangolin_aws.policy import escaped, session_policy

from pangolin.plugin import Access, BadRequest, Forbidden
from tests.examples import examples

from .grants import warehouse
from .iam import Policy

PLACE = place_of(warehouse(region="eu-west-1").config)
BUCKET = "arn:aws:s3:::bkt"
# Wildcards, what variables are made of, quotes, encodings, dots, and letters of four bytes.
SPECIAL = "*?$'\"\\{}%2e./ +&ab-_ü𐍈"
names = st.text(st.sampled_from(SPECIAL), min_size=1, max_size=8)
segments = names.filter(lambda name: "/" not in name)
paths = st.lists(segments, min_size=1, max_size=3).map("/".join)


def siblings(key: str) -> list[str]:
    """Keys that are nearly in the directory."""
    parent, _, last = key.rpartition("/")
    near = [f"{key}x/f", f"{key[:-1]}/f", key, f"{parent}/f", f"{parent}/../{last}/../f", "f", ""]
    swapped = [key.replace(mark, other) + "/f" for mark in "*?$" for other in ("x", "", "/", "xx")]
    return near + swapped


@examples(300)
@given(path=paths, rest=names, other=paths)
def test_a_policy_allows_exactly_the_objects_below_the_directory(
    path: str, rest: str, other: str
) -> None:
    location = f"s3://bkt/wh/{path}"
    try:
        found = Policy(session_policy(Access(read=(location,)), PLACE))
    except (BadRequest, Forbidden):
        return
    prefix = PLACE.key(location)
    for key in (f"{prefix}/{rest}", f"wh/{other}", f"wh/{other}/{rest}", *siblings(prefix)):
        inside = key.startswith(f"{prefix}/")
        assert found.allows("s3:GetObject", f"{BUCKET}/{key}") == inside
        assert found.allows("s3:ListBucket", BUCKET, prefix=key) == inside
        assert not found.allows("s3:PutObject", f"{BUCKET}/{key}")


@examples(200)
@given(rows=st.lists(st.tuples(paths, st.booleans(), st.booleans()), max_size=5), key=paths)
def test_each_right_holds_exactly_where_it_was_given(
    rows: list[tuple[str, bool, bool]], key: str
) -> None:
    read = tuple(f"s3://bkt/wh/{path}" for path, reads, _ in rows if reads)
    write = tuple(f"s3://bkt/wh/{path}" for path, _, writes in rows if writes)
    try:
        found = Policy(session_policy(Access(read=read, write=write), PLACE))
        reads = [f"{PLACE.key(location)}/" for location in read]
        writes = [f"{PLACE.key(location)}/" for location in write]
    except (BadRequest, Forbidden):
        return
    for candidate in (f"wh/{key}", *(f"{prefix}{key}" for prefix in reads + writes)):
        resource = f"{BUCKET}/{candidate}"
        assert found.allows("s3:GetObject", resource) == candidate.startswith(tuple(reads))
        assert found.allows("s3:PutObject", resource) == candidate.startswith(tuple(writes))
        assert not found.allows("s3:DeleteObject", resource)


@given(text=st.text(), other=st.text())
def test_an_escaped_text_matches_itself_only(text: str, other: str) -> None:
    statement = f'{{"Effect":"Allow","Action":"a","Resource":{json.dumps(escaped(text))}}}'
    found = Policy(f'{{"Statement":[{statement}]}}')
    assert found.allows("a", text)
    assert found.allows("a", other) == (other == text)
