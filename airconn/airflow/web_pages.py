"""The pages of Airflow's web interface: what of a URL that was copied from a browser isn't the Airflow's address.

Airflow 2: `airflow/www/views.py` and the views of Flask-AppBuilder; Airflow 3: `airflow-core/src/airflow/ui/src/`
`router.tsx` and `constants/searchParams.ts`. `orgId` is added by Astro.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

_TABLES = (
    "connections?|variables?|pools?|dagruns?|taskinstances?|jobs?|logs?|xcoms?|triggers?|slamiss|users|roles"
    "|userstatschartview|permissions|resources|actions-on-resources|dagdependency|callbackrequest|plugins?|providers?"
)
_OF_DAG = (
    "grid|graph|tree|calendar|duration|tries|landing-times|gantt|code|details|audit_log|run_duration|task_duration"
    "|event_log|runs|tasks|overview|backfills|events|required_actions|trigger"
)
_SURE = (
    r"/(home(/time_schedule)?|login|logout|auth/log(in|out)"
    r"|api/v[12](/(ui|version|health|monitor/health|openapi\.(json|yaml)))?"
    rf"|({_TABLES})/(list|add|(edit|show)/[^/]+)"
    rf"|dags/[^/]+/({_OF_DAG})(/.*)?)"
)
"""Ends of paths that have no other meaning. They don't decide which API is spoken."""
_LIKELY = (
    r"/(dags(/[^/]+)?|assets(/[0-9]+)?|connections|variables|pools|datasets|dag_runs|task_instances|required_actions"
    r"|providers|plugins|configs|configuration|xcoms|events|jobs|deadlines|settings|cluster_activity|docs|redoc"
    r"|security/(users|roles|permissions|resources|actions))"
)
"""Ends of paths that might as well be the name of the Airflow itself."""
LOGIN_PAGES = ("/login", "/auth/login")

_PARAMETERS = (
    r"orgid"
    # Airflow 2: the list of dags, the grid and the graph, and the tables
    r"|dag_run_id|base_date|num_runs|root|execution_date|tab|search|page|lastrun|status|sorting_(key|direction)|run_state"
    r"|_flt_\d+_\w+|(page|psize|_oc|_od)_\w+"
    # Airflow 3
    r"|after|before|dag_(id|version|display_name_pattern|id_pattern)|dependencies|(start|end)_date|event_type"
    r"|(included|excluded)_events|favorite|(key|name)_pattern|last_dag_run_state|limit|offset|log_(level|source)"
    r"|logical_date_[gl]te|run_after_[gl]te|map_index|mapped|needs_review|operator|owners|paused|response_received"
    r"|run_(id|id_pattern|type)|sort|tags|tags_match_mode|task_id(_pattern)?|trigger_rule|try_number|version_number"
)
"""The parameters of queries of these pages. None of them is a credential."""


@dataclass(frozen=True, slots=True)
class PageOfBrowser:
    """The path of a URL as the browser shows it, in two parts."""

    base: str
    """The path of the Airflow."""
    page: str
    """The page of its web interface. Empty if the path names none."""
    is_sure: bool
    """Whether the page can't be a part of the Airflow's own path."""


def split_page(path: str) -> PageOfBrowser:
    """Splits the path of a URL."""
    path = path.rstrip("/")
    for start in (match.start() for match in re.finditer("/", path)):
        for pattern in (_SURE, _LIKELY):
            if _compiled(pattern).fullmatch(path, start):
                return PageOfBrowser(path[:start].rstrip("/"), path[start:], pattern is _SURE)
    return PageOfBrowser(path, "", is_sure=True)


def is_parameter(name: str) -> bool:
    """Whether queries of these pages have a parameter of this name. None of them is a credential."""
    return _compiled(_PARAMETERS).fullmatch(name.lower()) is not None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Most commands have no URL, and compiling takes longer than anything else in this module."""
    return re.compile(pattern)
