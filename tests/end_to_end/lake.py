"""A catalog behind a live server, on local files or S3, and the ways clients reach it."""

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from pyarrow import fs
from pyiceberg.catalog.rest import RestCatalog

from tests.end_to_end.server import Server
from tests.servers.seaweed import Seaweed

REGION = "us-east-1"


@dataclass(frozen=True, slots=True)
class Storage:
    """The location of a warehouse, and what a client needs to know to reach it itself."""

    name: str
    config: dict[str, str]
    properties: dict[str, str] = field(default_factory=dict)

    @property
    def filesystem(self) -> fs.FileSystem:
        """A way to see what is really there."""
        if not self.properties:
            return fs.LocalFileSystem()
        return fs.S3FileSystem(
            access_key=self.properties["s3.access-key-id"],
            secret_key=self.properties["s3.secret-access-key"],
            endpoint_override=self.properties["s3.endpoint"],
            region=REGION,
        )


def on_files(server: Server, name: str) -> Storage:
    """Keep a warehouse in a directory of its own."""
    return Storage("file", {"type": "file", "root": str(server.files / name)})


def on_s3(seaweed: Seaweed, name: str) -> Storage:
    """Keep a warehouse under a prefix of the bucket; clients have the server's keys."""
    properties = {
        "s3.endpoint": seaweed.endpoint,
        "s3.access-key-id": seaweed.access_key,
        "s3.secret-access-key": seaweed.secret_key,
        "s3.region": REGION,
    }
    place = {"type": "s3", "s3.bucket": seaweed.bucket, "s3.prefix": name}
    return Storage("s3", place | properties, properties)


@dataclass(frozen=True, slots=True)
class Lake:
    """A catalog of a server."""

    server: Server
    name: str
    storage: Storage

    def catalog(self, ref: str = "", **properties: str) -> RestCatalog:
        """Connect PyIceberg, at a ref if one is named."""
        warehouse = f"{self.name}@{ref}" if ref else self.name
        given = {
            "uri": self.server.url,
            "warehouse": warehouse,
            "token": self.server.token(),
            **self.storage.properties,
            **properties,
        }
        return RestCatalog(self.name, **given)

    def branch(self, name: str, from_branch: str = "main") -> None:
        """Fork a branch of the catalog."""
        self.server.make("branches", name=name, catalog=self.name, from_branch=from_branch)

    def tag(self, name: str, from_ref: str = "main") -> None:
        """Tag the catalog as it is now."""
        self.server.make("tags", name=name, catalog=self.name, from_ref=from_ref)

    def files(self, location: str) -> list[str]:
        """List the files below a location as they really are, by path within it."""
        parts = urlsplit(location)
        base = f"{parts.netloc}{parts.path}".rstrip("/")
        selector = fs.FileSelector(base, recursive=True, allow_not_found=True)
        found = self.storage.filesystem.get_file_info(selector)
        return sorted(
            info.path.removeprefix(base + "/") for info in found if info.type == fs.FileType.File
        )

    def read(self, location: str) -> bytes:
        """Read one file as it really is."""
        parts = urlsplit(location)
        with self.storage.filesystem.open_input_stream(
            f"{parts.netloc}{parts.path}", compression=None
        ) as stream:
            return bytes(stream.read())
