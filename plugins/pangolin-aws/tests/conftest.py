import os

from tests.servers.seaweed import seaweed

# Left out whole, because a skipped test counts as a failed one in CI.
LIVE = {"LIVE_AWS": "test_aws_live.py", "LIVE_S3C": "test_s3_compatible_live.py"}
collect_ignore = [file for name, file in LIVE.items() if os.environ.get(name) != "1"]

__all__ = ["seaweed"]
