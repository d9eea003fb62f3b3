"""Amazon's partitions: which regions they have, and under which domain their services answer."""

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Partition:
    """One partition: its name as in ARNs, a pattern of its regions, and its domain."""

    name: str
    regions: str
    suffix: str


# The first that matches a region applies; any other region belongs to the public partition.
PARTITIONS: Final = (
    Partition("aws-cn", r"cn-\w+-\d+", "amazonaws.com.cn"),
    Partition("aws-us-gov", r"us-gov-\w+-\d+", "amazonaws.com"),
    Partition("aws-iso", r"us-iso-\w+-\d+", "c2s.ic.gov"),
    Partition("aws-iso-b", r"us-isob-\w+-\d+", "sc2s.sgov.gov"),
    Partition("aws-iso-e", r"eu-isoe-\w+-\d+", "cloud.adc-e.uk"),
    Partition("aws-iso-f", r"us-isof-\w+-\d+", "csp.hci.ic.gov"),
    Partition("aws-eusc", r"eusc-\w+-\w+-\d+", "amazonaws.eu"),
    Partition("aws", r".*", "amazonaws.com"),
)


def partition_of(region: str) -> Partition:
    """Return the partition of a region."""
    found = (row for row in PARTITIONS if re.fullmatch(row.regions, region, re.ASCII))
    return next(found, PARTITIONS[-1])


def is_amazons(host: str) -> bool:
    """Return whether a host is one of Amazon's own services, in any partition."""
    return any(host.lower().endswith(f".{row.suffix}") for row in PARTITIONS)
