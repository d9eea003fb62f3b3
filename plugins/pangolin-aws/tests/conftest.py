from tests.servers.seaweed import seaweed

__all__ = ["seaweed"]
