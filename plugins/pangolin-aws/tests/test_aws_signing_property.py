"""Whatever a client writes as its URI, what is signed is inside the table."""

from datetime import UTC, datetime
from urllib.parse import quote, unquote, urlsplit

from hypothesis import given
from hypothesis import strategies as st
from pangolin_aws.clients import Key
from pangolin_aws.place import place_of
from pangolin_aws.signing import sign_request

from pangolin.plugin import Forbidden, SignRequest
from tests.examples import examples

from .grants import warehouse, writing
from .signing import asking, deleting

PLACE = place_of(warehouse(region="eu-west-1").config)
HOST = "https://bkt.s3.eu-west-1.amazonaws.com"
KEY = Key("AKIA1", "secret")
PATHS = "wh a b a2 / // . .. %2e %2F %252e %5c % %00 %C3%BC"
MARKS = "? # @ : & = + ; \\ ü * ' \" < ]]> &amp;"
pieces = st.sampled_from([*PATHS.split(), *MARKS.split(), " "])
texts = st.lists(pieces, max_size=8).map("".join)


def is_signed(request: SignRequest) -> bool:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    try:
        sign_request(request, PLACE, writing("s3://bkt/wh/a"), (), KEY, scoped=False, now=now)
    except Forbidden:
        return False
    return True


def is_inside(key: str) -> bool:
    """Return whether a key stays inside for every reader, even one that decodes it again."""
    seen = key
    for _ in range(8):
        parts = seen.replace("\\", "/").split("/")
        if not key.startswith("wh/a/") or ".." in parts or "." in parts:
            return False
        seen = unquote(seen)
    return True


@examples(500)
@given(path=texts, method=st.sampled_from(["GET", "HEAD", "PUT", "DELETE"]))
def test_a_key_that_is_signed_lies_in_the_table(path: str, method: str) -> None:
    for uri in (f"{HOST}/{path}", f"{HOST}/wh/a/{path}", f"{HOST}/wh/a/{quote(path)}"):
        if is_signed(asking(method, uri)):
            assert urlsplit(uri).netloc == HOST.removeprefix("https://")
            assert is_inside(unquote(urlsplit(uri).path.removeprefix("/")))


@examples(300)
@given(prefix=texts)
def test_a_list_that_is_signed_is_of_the_table(prefix: str) -> None:
    for text in (prefix, f"wh/a/{prefix}", quote(f"wh/a/{prefix}", safe="")):
        if is_signed(asking("GET", f"{HOST}/?list-type=2&prefix={text}")):
            assert is_inside(unquote(text))


@examples(300)
@given(key=texts)
def test_a_batch_of_deletes_that_is_signed_has_keys_of_the_table(key: str) -> None:
    for text in (key, f"wh/a/{key}"):
        if is_signed(asking("POST", f"{HOST}/?delete", deleting(text))):
            assert is_inside(text.replace("&amp;", "&"))
