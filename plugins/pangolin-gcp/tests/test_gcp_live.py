"""Against a real bucket, when its variables are set; everything is below one directory.

Defined only then, because a skipped test counts as a failed one in CI.
"""

import os
from pathlib import Path
from uuid import uuid4

from pangolin_gcp.options import location_of
from pangolin_gcp.vendor import GcpVendor

from pangolin.plugin import Settings, Warehouse

if os.environ.get("LIVE_GCP") == "1":

    def test_a_real_bucket_proves_that_what_is_vended_is_narrow() -> None:
        config = {
            "type": "gcs",
            "gcs.bucket": os.environ["LIVE_GCS_BUCKET"],
            "gcs.service-account-key": Path(
                os.environ["GOOGLE_APPLICATION_CREDENTIALS"]
            ).read_text(),
            "gcs.impersonate": os.environ.get("LIVE_GCS_IMPERSONATE", ""),
        }
        made = Warehouse("live", "id", "w", 1, config, True, None)
        probe = f"{location_of(config)}/pangolin-live-{uuid4().hex}"
        found = list(GcpVendor(Settings()).check(made, probe))
        assert [check for check in found if check.result not in ("passed", "unknown")] == []
        assert next(check for check in found if check.name == "inside").result == "passed"
