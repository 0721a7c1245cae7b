"""The tables of options in the pages of the guide on secrets backends, made of what the code declares.

python -m tests.stores.secrets.options_tables vault
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any

from airconn.stores.secrets.aws.secretsmanager import SecretsManagerOptions
from airconn.stores.secrets.aws.ssm import ParameterStoreOptions
from airconn.stores.secrets.azure.options import AzureOptions
from airconn.stores.secrets.gcp.options import GcpOptions
from airconn.stores.secrets.k8s.options import KubernetesOptions
from airconn.stores.secrets.vault.options import VaultOptions

FORM = "how a connection is written: `json`, which holds all of it, or `uri`"
UNREAD = "of Airflow's configuration, which airconn doesn't read"


@dataclass(frozen=True, slots=True)
class OptionsTable:
    """The options of the addresses of a page."""

    classes: Mapping[str, type[Any]]
    """The declarations by what begins their addresses. Of two, defaults that differ are both shown."""
    meanings: Mapping[str, str]
    """The meaning of each option that an address can have, in the order of the table."""
    unused: Sequence[str] = ()
    """The options that Airflow's `backend_kwargs` may have, and that have no effect here."""

    def markdown(self) -> str:
        """The table."""
        lines = ["| option | default | meaning |", "| --- | --- | --- |"]
        for name, meaning in self.meanings.items():
            lines.append(f"| `{name}` | {self._default(name)} | {meaning} |".replace("|  |", "| |"))
        return "".join(f"{line}\n" for line in lines)

    def _default(self, name: str) -> str:
        found = {
            scheme: _shown(known[name]) for scheme, cls in self.classes.items() if name in (known := _by_name(cls))
        }
        if len(set(found.values())) == 1:
            return next(iter(found.values()))
        return ", ".join(f"{text} (`{scheme}`)" for scheme, text in found.items())

    def declared(self) -> set[str]:
        """The names of all options that the code lets an address have."""
        return {
            name
            for cls in self.classes.values()
            for name, option in _by_name(cls).items()
            if not option.metadata.get("secret") and not option.metadata.get("internal")
        }

    def credentials(self) -> set[str]:
        """The names of the options that only Airflow's `backend_kwargs` can have."""
        return {
            name
            for cls in self.classes.values()
            for name, option in _by_name(cls).items()
            if option.metadata.get("secret")
        }


def _by_name(cls: type[Any]) -> dict[str, Field[Any]]:
    return {option.name: option for option in fields(cls)}


def _shown(option: Field[Any]) -> str:
    value = option.default
    if value is MISSING or value is None or value in ("", ()):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


TABLES = {
    "vault": OptionsTable(
        {"vault": VaultOptions},
        {
            "connections_path": (
                "the path of connections below the mount. `null`: none. Several, with commas: all are searched, "
                "the first is written"
            ),
            "variables_path": "that of variables",
            "global_secrets_path": "one more path, which is searched last for both kinds",
            "kv_engine_version": "the version of the KV engine, `1` or `2`",
            "connection_format": FORM,
            "url": "the URL of the server, instead of HOST in the address",
            "tls": "`true` or `false`: whether HOST is used with TLS. By default it is, except for this machine",
            "namespace": "the namespace in which the mount is. Else `VAULT_NAMESPACE`",
            "verify": "a file of certificates to trust, or `false` for no check. Else `VAULT_CACERT`",
            "cert": (
                "the file of a client certificate, or with a comma those of the certificate and its key. Else "
                "`VAULT_CLIENT_CERT`, `VAULT_CLIENT_KEY`"
            ),
            "auth_type": "how to log in: `token`, `approle`, `userpass`, `ldap`, `jwt` or `kubernetes`",
            "auth_mount_point": "where that way to log in is mounted, if not under its own name",
            "token_path": "`token`: a file with the token",
            "role_id": "`approle`: the role. Else `VAULT_ROLE_ID`",
            "username": "`userpass`, `ldap`: the user. Else `VAULT_USERNAME`",
            "jwt_role": "`jwt`: the role",
            "jwt_token_path": "`jwt`: a file with the JWT",
            "kubernetes_role": "`kubernetes`: the role",
            "kubernetes_jwt_path": "`kubernetes`: the file with the token of the service account",
            "strict_http": "`true`: send GET with `list=true` instead of the method LIST, for proxies that refuse it",
        },
        unused=(
            "mount_point",
            "config_path",
            "use_team_secrets_path",
            "timeout",
            "allow_redirects",
            "region",
            "gcp_key_path",
            "gcp_scopes",
            "azure_tenant_id",
            "azure_resource",
            "radius_host",
            "radius_port",
        ),
    ),
    "aws": OptionsTable(
        {"aws-secretsmanager": SecretsManagerOptions, "aws-ssm": ParameterStoreOptions},
        {
            "connections_prefix": "the beginning of the names of connections. `null`: none",
            "variables_prefix": "that of variables",
            "sep": "`aws-secretsmanager` only: the text between prefix and id",
            "connections_lookup_pattern": (
                "a regular expression that conn_ids begin with. Airflow, and so airconn, ignores others"
            ),
            "variables_lookup_pattern": "one for variables",
            "connection_format": FORM,
            "profile_name": "the profile of `~/.aws/config`. Else `AWS_PROFILE`",
            "role_arn": "a role to assume",
            "assume_role_method": "`assume_role`, or `assume_role_with_web_identity`. By default the former",
            "assume_role_with_web_identity_token_file": (
                "the file with the token of the web identity. Else `AWS_WEB_IDENTITY_TOKEN_FILE`"
            ),
            "kms_key_id": "the KMS key of new secrets. A changed secret keeps its own",
            "region_name": "the region, if the address has none",
            "endpoint_url": (
                "the URL of the service, such as that of a VPC endpoint. Else `AWS_ENDPOINT_URL_SECRETS_MANAGER`, "
                "`AWS_ENDPOINT_URL_SSM` or `AWS_ENDPOINT_URL`"
            ),
            "verify": "a file of certificates to trust, or `false` for no check. Else `AWS_CA_BUNDLE`",
            "use_ssl": "`false`: use http",
            "api_version": "the version of the API that boto3 uses",
            "are_secret_values_urlencoded": (
                "`aws-secretsmanager` only, `true`: the values of a JSON secret are percent-encoded, as for "
                "version 7 of Airflow's provider"
            ),
        },
        unused=(
            "config_prefix",
            "config_lookup_pattern",
            "full_url_mode",
            "assume_role_with_web_identity_federation",
            "assume_role_with_web_identity_federation_audience",
        ),
    ),
    "gcp": OptionsTable(
        {"gcp-secretmanager": GcpOptions},
        {
            "connections_prefix": "the beginning of the names of connections. `null`: none",
            "variables_prefix": "that of variables",
            "sep": "the text between prefix and id",
            "connection_format": FORM,
            "gcp_key_path": "the key file of a service account",
            "gcp_credential_config_file": "the file of a credential configuration (workload identity federation)",
            "impersonation_chain": "a service account to impersonate. Several with commas: each by the one before it",
            "gcp_scopes": "the scopes of the token, with commas. By default `cloud-platform`",
            "project_id": "the project, if the address has none",
            "replication": (
                "the regions of new secrets, with commas, for organizations that don't leave that to Google"
            ),
            "api_endpoint": "the host of a Private Service Connect endpoint",
        },
        unused=("config_prefix",),
    ),
    "azure": OptionsTable(
        {"azure-keyvault": AzureOptions},
        {
            "connections_prefix": "the beginning of the names of connections. `null`: none",
            "variables_prefix": "that of variables",
            "sep": "the text between prefix and id, and for each `_` of both",
            "keep_dashes": (
                "`true`: a `-` in the name of a secret without a tag is a `-` of the id. By default it is a `_`"
            ),
            "connection_format": FORM,
            "vault_url": "the URL of the vault, if the address has none",
            "tenant_id": (
                "the tenant of a service principal whose secret is in `backend_kwargs`. Else `AZURE_TENANT_ID`"
            ),
            "client_id": "the service principal. Else `AZURE_CLIENT_ID`",
            "managed_identity_client_id": (
                "the managed identity, together with the next option. Else `AZURE_CLIENT_ID`"
            ),
            "workload_identity_tenant_id": "its tenant",
            "verify_challenge_resource": (
                "`false`: for a vault under a host of your own. The server then gets a token for any service that "
                "it asks for"
            ),
            "api_version": "the version of the API of Key Vault",
        },
        unused=("config_prefix",),
    ),
    "kubernetes": OptionsTable(
        {"k8s": KubernetesOptions},
        {
            "namespace": "the namespace, if the address has none. Else that of the context, else `default`",
            "connections_label": "the label whose value is the conn_id. `null`: none",
            "variables_label": "the label whose value is the key of a variable",
            "connections_data_key": "the entry of the Secret that holds a connection",
            "variables_data_key": "that of a variable",
            "team_label": "Secrets with this label belong to a team, and are ignored. `null`: they aren't",
            "connection_format": FORM,
        },
        unused=("config_label", "config_data_key"),
    ),
}
"""By page."""


if __name__ == "__main__":
    print(TABLES[sys.argv[1]].markdown(), end="")
