"""The words of the audit log: what is done, and to what.

A word that is not here may still be recorded, by a plugin for one, and is known from then on.
"""

from typing import Final

_MADE_AND_GONE: Final = tuple(
    f"{verb}_{noun}"
    for noun in (
        "tenant",
        "warehouse",
        "catalog",
        "federated_catalog",
        "user",
        "service_user",
        "role",
    )
    for verb in ("create", "update", "delete")
)
_RELATIONS: Final = tuple(
    f"{verb}_{noun}"
    for noun in ("table", "view")
    for verb in ("create", "register", "load", "update", "commit", "rename", "drop")
)

ACTIONS: Final = (
    *_MADE_AND_GONE,
    *_RELATIONS,
    "create_namespace",
    "update_namespace",
    "delete_namespace",
    "drop_namespace",
    "unregister_table",
    "commit_transaction",
    "register_asset",
    "delete_asset",
    "create_branch",
    "delete_branch",
    "merge_branch",
    "create_tag",
    "delete_tag",
    "create_commit",
    "list_commits",
    "initiate_merge",
    "complete_merge",
    "abort_merge",
    "resolve_conflict",
    "list_conflicts",
    "validate_warehouse",
    "check_warehouse",
    "prepare_warehouse",
    "update_settings",
    "add_metadata",
    "update_metadata",
    "delete_metadata",
    "search_assets",
    "request_access",
    "approve_access",
    "deny_access",
    "update_access_request",
    "grant_permission",
    "revoke_permission",
    "assign_role",
    "revoke_role",
    "generate_token",
    "revoke_token",
    "rotate_token",
    "create_api_key",
    "rotate_api_key",
    "revoke_api_key",
    "rotate_keys",
    "revoke_key",
    "reseal_secrets",
    "cleanup_tokens",
    "read_credentials",
    "vend_credentials",
    "sign_request",
    "login",
    "logout",
    "login_failed",
    "token_rejected",
    "api_key_authenticated",
    "api_key_rejected",
    "permission_denied",
    "tenant_impersonation",
    "test_federated_connection",
)
RESOURCE_TYPES: Final = (
    "tenant",
    "warehouse",
    "catalog",
    "federated_catalog",
    "namespace",
    "table",
    "view",
    "asset",
    "branch",
    "tag",
    "commit",
    "merge_operation",
    "conflict",
    "metadata",
    "access_request",
    "user",
    "service_user",
    "role",
    "permission",
    "grant",
    "identity-provider",
    "token",
    "api_key",
    "key",
    "settings",
    "audit",
    "installation",
    "plugins",
    "statistics",
)
