"""A multi-tenant lakehouse catalog for Apache Iceberg."""

__version__ = "0.1.0"
