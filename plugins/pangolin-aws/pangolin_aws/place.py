"""Where a warehouse is, for minting and signing: bucket, region, endpoints, encryption."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

from pangolin.plugin import BadRequest, Forbidden, Location, parse_location
from pangolin_aws.options import DEFAULT_REGION, encryption_of, is_path_style, sts_of
from pangolin_aws.partitions import Partition, partition_of


@dataclass(frozen=True, slots=True)
class Place:
    """A bucket as services and policies name it; `endpoint` and `sts` are "" for Amazon's own."""

    root: Location
    region: str
    endpoint: str
    sts: str
    path_style: bool
    encryption: str
    kms_key: str

    @property
    def bucket(self) -> str:
        """The name of the bucket."""
        return self.root.authority

    @property
    def is_amazon(self) -> bool:
        """Whether Amazon's own STS mints for it."""
        return not self.sts

    @property
    def partition(self) -> Partition:
        """The partition that its ARNs name; compatible stores use the public one's."""
        return partition_of(self.region if self.is_amazon else DEFAULT_REGION)

    def key(self, location: str) -> str:
        """Return the key of a directory in the bucket, without a trailing slash.

        Raises `Forbidden` outside the warehouse, `BadRequest` for a whole bucket.
        """
        found = parse_location(location)
        if not self.root.contains(found):
            raise Forbidden(f"{location} is outside of {self.root}")
        if not found.path:
            raise BadRequest(f"{location} is a whole bucket: no credential is narrowed to that")
        return "/".join(found.path)


def place_of(config: Mapping[str, str]) -> Place:
    """Read a warehouse's place from its options, which are assumed to be valid."""
    address = f"s3://{config['s3.bucket']}/{config.get('s3.prefix', '').strip('/')}"
    return Place(
        root=parse_location(address, "s3.prefix"),
        region=region_of(config),
        endpoint=config.get("s3.endpoint", "").rstrip("/"),
        sts=sts_of(config),
        path_style=is_path_style(config),
        encryption=encryption_of(config),
        kms_key=config.get("s3.sse.key", ""),
    )


def region_of(config: Mapping[str, str]) -> str:
    """Return the region: the warehouse's, or the environment's, or us-east-1."""
    named = (os.environ.get(name) for name in ("AWS_REGION", "AWS_DEFAULT_REGION"))
    return config.get("s3.region") or next(filter(None, named), DEFAULT_REGION)
