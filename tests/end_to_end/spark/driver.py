"""A Spark session in a process of its own: JSON lines in, JSON lines out.

The first line holds the session's configuration, each further one a statement as `{"sql": text}`.
Runs under whatever has pyspark; imports nothing of this project.
"""

import json
import os
import sys
from importlib import import_module
from typing import Any


def main() -> None:
    """Answer statements until stdin ends."""
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    # Spark and its JVM print to stdout as they please; that would garble the answers.
    os.dup2(2, 1)
    spark = _session(json.loads(sys.stdin.readline()))
    print(json.dumps({"rows": [{"version": spark.version}]}), file=answers)
    for line in sys.stdin:
        print(json.dumps(_answer(spark, json.loads(line)["sql"]), default=str), file=answers)
    spark.stop()


def _session(configuration: dict[str, str]) -> Any:
    # By name: the environment that checks this file's types has no pyspark.
    builder = (
        import_module("pyspark.sql").SparkSession.builder.master("local[2]").appName("pangolin")
    )
    for key, value in configuration.items():
        builder = builder.config(key, value)
    return builder.getOrCreate()


def _answer(spark: Any, sql: str) -> dict[str, Any]:
    try:
        return {"rows": [row.asDict(recursive=True) for row in spark.sql(sql).collect()]}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


if __name__ == "__main__":
    main()
