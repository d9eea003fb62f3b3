"""Stamps: small records whose versions show every server that rights have changed.

A request reads the stamp of its principal together with its first other read. If the version is
the one at which the process checked the credential, then the token, the user, the roles and the
grants are unchanged; if not, all of them are read again. Principals share a few stamps, so that
a change of a role writes a fixed number of records, not one per member.
"""

import zlib

from pangolin.store.api import ANY, Key, Put
from pangolin.store.identity_documents import StampDoc
from pangolin.store.kinds import STAMP

BUCKETS = 16


def key_of(home: str, principal: str) -> Key:
    """Return the key of the stamp of a principal; `home` is the tenant of its record."""
    return (home, bucket_of(principal))


def bucket_of(principal: str) -> str:
    """Return the bucket that a principal shares with others."""
    return f"{zlib.crc32(principal.encode()) % BUCKETS:02d}"


def invalidate(home: str, principal: str) -> Put[StampDoc]:
    """Return the change to apply with a change of one principal's rights, keys or tokens."""
    return _raised(home, bucket_of(principal))


def invalidate_all(home: str) -> list[Put[StampDoc]]:
    """List the changes to apply with one that affects many principals, such as a role's."""
    return [_raised(home, f"{bucket:02d}") for bucket in range(BUCKETS)]


def _raised(home: str, bucket: str) -> Put[StampDoc]:
    return Put(STAMP, {"tenant": home, "bucket": bucket}, ANY)
