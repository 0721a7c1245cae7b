"""Which addresses are taken from a file that somebody else may have written: a project's airconn.toml, a plan.

Such a file must not choose who gets the credentials that the environment has for other places (VAULT_TOKEN, those of
AWS, PGPASSWORD, …), nor run a command. So it may name files, an Airflow by its URL, which gets the credentials for an
Airflow (`AIRCONN_TOKEN` and so on, or what `token_command` prints) and no others, and places of which it doesn't say
where they are. Whatever isn't known to be harmless is refused.
"""

from __future__ import annotations

import re

RUNS = "airflow-cli:"
"""The beginning of addresses with a command in them."""

_PLACE = re.compile(
    r"(?:https?|env|local|airflow-c(?:li|onfig)|metadb(?:\+[\w+]+)?|vault|(?:aws|gcp|azure)-\w+|k8s):|.*://",
    re.IGNORECASE | re.DOTALL,
)
"""What is no path: what the places of the registry begin with, and whatever looks like a URL."""
_HARMLESS = re.compile(
    r"""
    https?://.*
    | env:  | airflow-cli:[ ]*          # this machine
    | metadb: | airflow-config:\w*      # what this machine's Airflow is configured with
    | local:.* | metadb\+sqlite://.*    # files
    | (?: vault://(?: /[\w./%-]*)?       # VAULT_ADDR; with a host, that gets the token
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
    if not _PLACE.match(address) or _HARMLESS.fullmatch(address):
        return ""  # a path, a name of the configuration, or one of those above
    if address.lower().startswith(RUNS):
        return "runs a command"
    return "says where credentials of yours are sent"
