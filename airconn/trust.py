"""Which addresses are taken from a file that somebody else may have written: a project's airconn.toml, a plan.

Such a file must not choose who gets the credentials that the environment has for other places (VAULT_TOKEN, those of
AWS, PGPASSWORD, …), nor run a command. So it may name files, an Airflow by its URL, which gets what is in `AIRCONN_*`
and nothing else, and places of which it doesn't say where they are. Whatever isn't known to be harmless is refused.
"""

from __future__ import annotations

import re

RUNS = "airflow-cli:"
"""The beginning of addresses with a command in them."""

_SCHEME = re.compile(r"[a-z][\w+.-]+:", re.IGNORECASE)
_HARMLESS = re.compile(
    r"""
    https?://.*
    | env:  | airflow-cli:[ ]*          # this machine
    | metadb: | airflow-config:\w*      # what this machine's Airflow is configured with
    | local:.* | metadb\+sqlite://.*    # files
    | (?: vault:///[\w./-]*             # VAULT_ADDR; with a host, that gets the token
        | aws-(?:ssm|secretsmanager)://[a-z0-9-]*   # a region of AWS; endpoint_url and role_arn would be elsewhere
        | gcp-secretmanager://[\w:.-]*  # a project at Google; api_endpoint would be elsewhere
        | azure-keyvault://[a-z0-9-]+   # the name of a vault at Microsoft; with a dot it is a host
        | k8s://[^?\#]*                 # a context of the user's own kubeconfig
      )
      (?: \? {option} (?: & {option} )* )?
    """.format(
        # Which secrets there are whose, and how they are written. No other option is needed to share a place.
        option=r"(?: (?:connections|variables|config)_(?:prefix|path|label|data_key) | sep | kv_engine_version"
        r" | keep_dashes | connection_format ) = [^&\#]*"
    ),
    re.IGNORECASE | re.VERBOSE | re.DOTALL,
)


def refusal(address: str) -> str:
    """What an address would do that such a file isn't trusted with. Empty if it is taken from there."""
    is_place = _SCHEME.match(address) or "://" in address
    if not is_place or _HARMLESS.fullmatch(address):
        return ""  # a path, a name of the configuration, or one of those above
    if address.lower().startswith(RUNS):
        return "runs a command"
    return "says where credentials of yours are sent"
