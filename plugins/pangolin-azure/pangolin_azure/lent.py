"""Objects in a container that are reached with a vended signature and nothing else."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Final

from azure.core.credentials import AzureSasCredential
from azure.core.exceptions import ResourceNotFoundError
from azure.storage.blob import ContainerClient

from pangolin.plugin import BucketClient, BucketObjects, Forbidden, Location
from pangolin_azure.account import Account
from pangolin_azure.failures import answering, asking
from pangolin_azure.identity import LIMITS


class LentObjects(BucketObjects):
    """Deletes blob by blob, with the SDK.

    obstore's client deletes only in batches, which are requests to the container: a signature for a
    directory is denied there, whatever it may delete, and a denial would prove nothing.
    """

    def __init__(
        self, root: Location, account: Account, sas: str, connect: Callable[[], BucketClient]
    ) -> None:
        super().__init__(root, connect, answering)
        self._place: Final = root
        self._account: Final = account
        self._sas: Final = AzureSasCredential(sas)

    def delete(self, locations: Sequence[str]) -> None:
        keys = {location: _key(self._place, location) for location in locations}
        account = self._account
        with ContainerClient(account.blob_url, account.container, self._sas, **LIMITS) as client:
            for location, key in keys.items():
                with asking(f"to delete {location}"), suppress(ResourceNotFoundError):
                    client.delete_blob(key)


def _key(root: Location, location: str) -> str:
    found = root.within(location)
    if not found.path:
        raise Forbidden(f"{location} is a container, not an object")
    return "/".join(found.path)
