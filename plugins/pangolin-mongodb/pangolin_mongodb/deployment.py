"""The deployment: a replica set or a cluster, its version, clock and health."""

import time
from collections.abc import Iterator, Mapping
from datetime import UTC
from typing import Any

from pymongo import MongoClient

from pangolin.plugin import BadRequest, Inspection
from pangolin_mongodb.documents import Stored

# 6.0: snapshot reads outside transactions, and what a transaction may do.
LEAST_WIRE = 17
SKEW_SECONDS = 1.0
REMEDY = (
    "start mongod with --replSet rs0 (or replication.replSetName in mongod.conf), run"
    " rs.initiate() once in mongosh, and name the set: mongodb://host/pangolin?replicaSet=rs0"
)


def refuse_unfit(hello: Mapping[str, Any]) -> None:
    """Raise `BadRequest` if a server's `hello` reply shows that batches cannot be atomic on it."""
    if not hello.get("setName") and hello.get("msg") != "isdbgrid":
        raise BadRequest(
            "store_url: this MongoDB server is standalone and has no transactions, which Pangolin"
            f" needs; one member is enough: {REMEDY}"
        )
    if hello.get("maxWireVersion", 0) < LEAST_WIRE:
        raise BadRequest("store_url: this MongoDB server is too old; 6.0 is the oldest that works")


def inspect(client: MongoClient[Stored]) -> Iterator[Inspection]:
    """Return the version, the members and the clock."""
    hello = client.admin.command("hello")
    yield Inspection("MongoDB", str(client.server_info().get("version", "")))
    yield _members(hello)
    yield _clock(hello)


def _members(hello: Mapping[str, Any]) -> Inspection:
    if hello.get("msg") == "isdbgrid":
        return Inspection("replication", "sharded cluster")
    members = len(hello.get("hosts", ()))
    value = f"replica set {hello.get('setName')}, {members} members with data"
    if members >= 3:
        return Inspection("replication", value)
    problem = "it does not survive the loss of a member"
    return Inspection("replication", value, problem, "add members until there are three")


def _clock(hello: Mapping[str, Any]) -> Inspection:
    # The driver returns times in UTC without a time zone.
    theirs = hello["localTime"].replace(tzinfo=UTC)
    skew = abs(theirs.timestamp() - time.time())
    part, value = "clock", f"{skew * 1000:.0f} ms apart"
    if skew < SKEW_SECONDS:
        return Inspection(part, value)
    return Inspection(part, value, "it differs from this host's", "run NTP on both")
