"""The rules of Airflow's KubernetesSecretsBackend and of Kubernetes for the names and the size of Secrets."""

from __future__ import annotations

import hashlib
import re

from airconn.model import Kind

LABELS = {
    Kind.CONNECTIONS: "airflow.apache.org/connection-id",
    Kind.VARIABLES: "airflow.apache.org/variable-key",
}
"""The default labels by whose values Airflow finds an object."""
TEAM_LABEL = "airflow.apache.org/team"
"""The label of a Secret that Airflow finds for one team only."""
DATA_KEY = "value"
"""The entry of such a Secret that holds the object."""
IDS_ANNOTATION = "airconn/ids"
"""The annotation of a Secret of environment variables with the ids that their names don't tell, as JSON by name."""

LABEL_VALUE = re.compile(r"[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
"""The ids that can be the value of a label (apimachinery `validation.IsValidLabelValue`)."""
LABEL_VALUE_IN_WORDS = "letters a to z, digits, '_', '.' and '-', up to 63, with a letter or digit at both ends"
LABEL_KEY = re.compile(r"([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?/)?[A-Za-z0-9]([A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?")
ENTRY = re.compile(r"(?!\.$|\.\.)[A-Za-z0-9_.-]{1,253}")
"""The name of an entry (apimachinery `validation.IsConfigMapKey`)."""
SECRET_NAME = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
NAMESPACE = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
LARGEST = 1024 * 1024
"""The most bytes that the values of one Secret can have together (core/v1 `MaxSecretSize`)."""
LONGEST_VARIABLE = 128 * 1024 - 1
"""The most bytes of `NAME=VALUE` with which Linux starts a program (`MAX_ARG_STRLEN`)."""

_SIMPLE = re.compile(r"[a-z0-9]+(_[a-z0-9]+)*")


def secret_name(kind: Kind, id_: str) -> str:
    """The name of the Secret of an object: a DNS name that is different for each id.

    An id of words in lower case with `_` between them has it without a hash. All others get a hash after a dot.
    """
    name = re.sub(r"[^a-z0-9]", "-", id_.lower())
    if not _SIMPLE.fullmatch(id_):
        name = f"{name.strip('-') or 'x'}.{hashlib.sha256(id_.encode()).hexdigest()[:10]}"
    return f"airflow-{kind.singular}-{name}"
