"""What differs between the REST APIs of Airflow's versions.

Each fact was run against real servers of 2.7.3, 2.11.2, 3.0.6, 3.1.8 and 3.3.2, and read in the sources of 2.8.4,
2.9.3, 2.10.5 and 3.2.2. v1 stands for `airflow/api_connexion`, v2 for `airflow/api_fastapi/core_api`.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

from airconn.airflow.rules import Rules, rules_for
from airconn.airflow.versions import AirflowVersion

VERSION_PATHS = ("/api/v2/version", "/api/v1/version")
"""Where Airflow 3 and Airflow 2 tell their version, without credentials."""


@dataclass(frozen=True, slots=True)
class RestDialect:
    """How the API of one version of Airflow behaves."""

    version: AirflowVersion
    v2: bool
    rules: Rules
    normalises_variables: bool
    """A variable that is JSON is shown as Python writes it anew (v2 datamodels/variables.py `redact_val`)."""
    empty_extra_is_object: bool
    """An extra of '' is stored as `{}` (v2 datamodels/connections.py `validate_extra`)."""
    extra_breaks_log: bool
    """An extra that is JSON but not an object ends in a 500: the audit log parses it (`airflow/www/decorators.py`
    `_mask_connection_fields`, for the bodies of API calls since 2.9)."""
    describes_on_create: bool
    """Creating a variable stores its description. 2.7.3 drops it (v1 endpoints/variable_endpoint.py
    `post_variables`), 2.8.4 doesn't; which release between them mended it doesn't matter here."""
    keeps_masked: bool
    """An update of a connection takes `***` for a wish to keep what is there (v2 services/public/connections.py,
    `merge` of `_shared/secrets_masker`). The others store it."""
    nulls_description: bool
    """An update can clear the description of a variable. v1 refuses null (schemas/variable_schema.py)."""
    upserts_variables: bool
    """`POST /variables` overwrites a variable that exists (v1 `post_variables`)."""
    tells_passwords: bool
    """A connection with a password shows `***` for it. v1 never shows whether it has one."""
    pools_without_line_breaks: bool
    """A pool with a line break in its name has no path. A variable with one in its key has none in any version."""
    paths_without_slashes: bool
    """An id that is empty or begins with a slash has no path, nor has a pool with any slash in its name."""
    taken_ids: frozenset[str]
    """Ids of connections whose path is a page of the API itself."""
    bulk: bool
    """A `PATCH` on a collection takes many objects (v2 services/public/common.py `BulkService`)."""
    bulk_keeps_unnamed: bool
    """A bulk update of connections keeps the fields that aren't named. Before 3.0.4 it clears `extra`
    (v2 services/public/connections.py `update_orm_from_pydantic`, mended by apache/airflow#53943)."""
    masks_in_bulk: bool
    """A bulk update honours a mask for variables and pools. Before, it writes all of their fields (3.0.6, 3.1.8)."""


@lru_cache(maxsize=16)
def dialect_for(version: AirflowVersion) -> RestDialect:
    """The dialect of `version`; that of the nearest known version for a newer one."""
    v2 = not version.is_airflow_2
    return RestDialect(
        version=version,
        v2=v2,
        rules=rules_for(version),
        normalises_variables=v2,
        empty_extra_is_object=v2,
        extra_breaks_log=not v2 and version >= AirflowVersion(2, 9),
        describes_on_create=version >= AirflowVersion(2, 9),
        keeps_masked=version >= AirflowVersion(3, 0, 4),
        nulls_description=v2,
        upserts_variables=not v2,
        tells_passwords=v2,
        pools_without_line_breaks=v2,
        paths_without_slashes=not v2,
        taken_ids=frozenset({"enqueue-test"} if version >= AirflowVersion(3, 3) else ()),
        bulk=v2,
        bulk_keeps_unnamed=version >= AirflowVersion(3, 0, 4),
        masks_in_bulk=version >= AirflowVersion(3, 2),
    )
