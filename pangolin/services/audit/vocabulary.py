"""The vocabulary of the audit log: actions and resource types.

A word is added together with the code that records it. A plugin's action is known once recorded.
"""

from enum import StrEnum
from typing import Final, get_args

from pangolin.services.context.resource import ResourceType


class AuditAction(StrEnum):
    """The actions that can be recorded as done or refused."""

    CREATE_TENANT = "create_tenant"
    UPDATE_TENANT = "update_tenant"
    DELETE_TENANT = "delete_tenant"
    CREATE_WAREHOUSE = "create_warehouse"
    UPDATE_WAREHOUSE = "update_warehouse"
    DELETE_WAREHOUSE = "delete_warehouse"
    VALIDATE_WAREHOUSE = "validate_warehouse"
    CHECK_WAREHOUSE = "check_warehouse"
    PREPARE_WAREHOUSE = "prepare_warehouse"
    CREATE_CATALOG = "create_catalog"
    UPDATE_CATALOG = "update_catalog"
    DELETE_CATALOG = "delete_catalog"
    CREATE_NAMESPACE = "create_namespace"
    UPDATE_NAMESPACE = "update_namespace"
    DROP_NAMESPACE = "drop_namespace"
    CREATE_TABLE = "create_table"
    REGISTER_TABLE = "register_table"
    COMMIT_TABLE = "commit_table"
    RENAME_TABLE = "rename_table"
    DROP_TABLE = "drop_table"
    UNREGISTER_TABLE = "unregister_table"
    CREATE_VIEW = "create_view"
    REGISTER_VIEW = "register_view"
    COMMIT_VIEW = "commit_view"
    RENAME_VIEW = "rename_view"
    DROP_VIEW = "drop_view"
    COMMIT_TRANSACTION = "commit_transaction"
    REGISTER_ASSET = "register_asset"
    DELETE_ASSET = "delete_asset"
    ADD_METADATA = "add_metadata"
    UPDATE_METADATA = "update_metadata"
    DELETE_METADATA = "delete_metadata"
    CREATE_BRANCH = "create_branch"
    DELETE_BRANCH = "delete_branch"
    CREATE_TAG = "create_tag"
    DELETE_TAG = "delete_tag"
    CREATE_USER = "create_user"
    UPDATE_USER = "update_user"
    DELETE_USER = "delete_user"
    CREATE_SERVICE_USER = "create_service_user"
    UPDATE_SERVICE_USER = "update_service_user"
    DELETE_SERVICE_USER = "delete_service_user"
    CREATE_API_KEY = "create_api_key"
    ROTATE_API_KEY = "rotate_api_key"
    REVOKE_API_KEY = "revoke_api_key"
    CREATE_ROLE = "create_role"
    UPDATE_ROLE = "update_role"
    DELETE_ROLE = "delete_role"
    ASSIGN_ROLE = "assign_role"
    REVOKE_ROLE = "revoke_role"
    GRANT_PERMISSION = "grant_permission"
    REVOKE_PERMISSION = "revoke_permission"
    GENERATE_TOKEN = "generate_token"  # noqa: S105 - a word
    ROTATE_TOKEN = "rotate_token"  # noqa: S105 - a word
    REVOKE_TOKEN = "revoke_token"  # noqa: S105 - a word
    CLEANUP_TOKENS = "cleanup_tokens"
    API_KEY_REJECTED = "api_key_rejected"
    LOGIN = "login"
    LOGIN_FAILED = "login_failed"
    LOGOUT = "logout"
    TENANT_IMPERSONATION = "tenant_impersonation"
    PERMISSION_DENIED = "permission_denied"
    VEND_CREDENTIALS = "vend_credentials"
    SIGN_REQUEST = "sign_request"
    UPDATE_SETTINGS = "update_settings"
    ROTATE_KEYS = "rotate_keys"
    REVOKE_KEY = "revoke_key"
    RESEAL_SECRETS = "reseal_secrets"


ACTIONS: Final = tuple(AuditAction)
RESOURCE_TYPES: Final[tuple[str, ...]] = get_args(ResourceType)
