"""The tenant and the user that every installation has."""

import uuid

DEFAULT_TENANT = str(uuid.UUID(int=0))


ROOT_ID = "root"
