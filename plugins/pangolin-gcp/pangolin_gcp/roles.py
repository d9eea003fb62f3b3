"""What an administrator must set up at Google Cloud, as commands to paste."""

from collections.abc import Mapping

from pangolin.plugin import Prepared
from pangolin_gcp.identity import identity_of


def prepared(options: Mapping[str, str]) -> Prepared:
    """Return the bucket's settings and the grants of the service account."""
    bucket, identity = options.get("gcs.bucket", ""), identity_of(options)
    account = identity.account or "<service account of the server>"
    grants = [
        {"role": role, "member": f"serviceAccount:{account}", "on": f"gs://{bucket}"}
        for role in ("roles/storage.objectUser", "roles/storage.legacyBucketReader")
    ]
    commands = [f"gcloud storage buckets update gs://{bucket} --uniform-bucket-level-access"]
    commands += [
        f"gcloud storage buckets add-iam-policy-binding {row['on']} "
        f"--member={row['member']} --role={row['role']}"
        for row in grants
    ]
    if identity.impersonate:
        source = (identity.key or {}).get("client_email") or "<service account of the server>"
        commands.append(
            f"gcloud iam service-accounts add-iam-policy-binding {identity.impersonate} "
            f"--member=serviceAccount:{source} --role=roles/iam.serviceAccountTokenCreator"
        )
    return Prepared(external_id="", documents={"grants": grants, "gcloud": commands})
