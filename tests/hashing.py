"""Passwords that cost little to hash: the defaults take 64 MiB and a fifth of a second."""

from dataclasses import replace

from pangolin.settings import Settings


def cheap(settings: Settings) -> Settings:
    """Return the settings with argon2 at its cheapest."""
    return replace(settings, argon2_memory_kib=8192, argon2_time_cost=1, argon2_parallelism=1)
