"""What clients learn about an S3 warehouse: where it is, never a secret."""

from collections.abc import Mapping

from pangolin_aws.options import DEFAULT_REGION, is_path_style


def client_properties(config: Mapping[str, str]) -> dict[str, str]:
    """Return the file-IO properties of Iceberg clients (Java, PyIceberg, DuckDB, Rust, Go).

    DuckDB requires a region; a compatible store accepts any.
    """
    found = {key: config[key] for key in ("s3.endpoint", "s3.region") if config.get(key)}
    if "s3.endpoint" in found:
        found.setdefault("s3.region", DEFAULT_REGION)
        found["s3.path-style-access"] = str(is_path_style(config)).lower()
    if "s3.region" in found:
        found["client.region"] = found["s3.region"]
    return found
