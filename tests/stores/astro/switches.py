"""What isn't known of the Astro API, a switch each: Astro's CLI and its Terraform provider contradict each other.

A store is right when it is safe under every setting. A default is what the CLI's authors saw ("verified live"), or
what the documents say; where there is neither, it is the reading that loses more.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace
from typing import Any

from hypothesis import strategies


def _switch(*choices: Any, nasty: Any = None) -> Any:
    """A switch: the first choice is the default, `nasty` the one of `NASTIEST` (else the default)."""
    return field(default=choices[0], metadata={"choices": choices, "nasty": choices[0] if nasty is None else nasty})


@dataclass(frozen=True)
class Switches:
    """One reading of the API."""

    # Environment Manager: what an update does
    links_omitted: str = _switch("removed", "kept")
    exclude_links_omitted: str = _switch("removed", "kept")
    auto_link_omitted: str = _switch("cleared", "kept")
    connection_fields_omitted: str = _switch("kept", "cleared", "visible cleared", nasty="visible cleared")
    """`visible cleared`: what a reader without showSecrets sees is cleared, and a hidden field is kept."""
    extra_sent: str = _switch("replaced", "merged", "hidden kept")
    """`hidden kept`: the whole extra is replaced, but for the hidden keys that are absent from what was sent."""
    description_omitted: str = _switch("cleared", "kept")
    auth_type_omitted: str = _switch("cleared", "kept")
    empty_override: str = _switch("cleared", "kept")
    """`overrides: {airflowVariable: {}}`."""
    empty_password: str = _switch("kept", "cleared", nasty="cleared")
    """`""` for a password, a secret key of extra, or a secret of a metrics export."""
    empty_secret_variable: str = _switch("kept", "blanked")
    """`""` for a secret variable: "no change, verified live". The other choice isn't in `NASTIEST`."""
    empty_text: str = _switch("cleared", "kept")
    """`""` for a host, a login, a schema, a description."""
    secret_value_absent: str = _switch("blanked", "kept", "refused")
    same_key_in_both_scopes: str = _switch("allowed", "refused")
    patch_status: int = _switch(405, 404)

    # Environment Manager: what is read
    page_cap: int = _switch(0, 20, 1000, nasty=20)
    """The most objects of one page, whatever `limit` says; 0: no cap."""
    show_secrets: str = _switch("granted", "refused", nasty="refused")
    show_secrets_status: int = _switch(400, 403)
    hidden_password: str = _switch("absent", "empty", nasty="empty")
    hidden_extra: str = _switch("missing", "masked", "empty", nasty="masked")
    secret_extra: str = _switch("of the auth type", "by name as well", nasty="by name as well")
    """Which keys of an extra are hidden. Those by name are always missing: no answer says that they are secret."""
    hidden_overrides: str = _switch("object left out", "field left out", "blank", nasty="blank")
    deployment_list: str = _switch("mixed", "own")
    """`mixed`: a list of a Deployment has the objects of the workspace that reach it as well (cosmos#1541)."""
    resolved_id: str = _switch("absent", "empty")
    extra_numbers: str = _switch("exact", "floats", nasty="floats")
    """`floats`: an integer above 2**53 loses digits, as Go decodes it."""
    names_filter: str = _switch("equal", "contains", "ignored", nasty="ignored")
    deployment_token_lists: str = _switch("refused", "own")
    """What a Deployment's token gets for the lists of Workspaces and Deployments."""
    future_fields: bool = _switch(False, True)
    """Answers have fields that the schema doesn't know yet. Not in `NASTIEST`: a store may refuse because of it."""

    # Every call
    throttled: str = _switch("never", "with Retry-After", "without", nasty="without")
    """The first GET, POST and DELETE are answered by a 429 each."""
    rate_limits: bool = _switch(False, True)
    """A token has 25 GET, 10 POST and 5 DELETE a second."""
    create_answer: str = _switch("200", "500 after doing it", nasty="500 after doing it")
    errors_quote: bool = _switch(True, False)
    """An error's message quotes what was sent, secrets as well."""

    # Deployments
    secret_variable_empty: str = _switch("blanked", "kept")
    """`value: ""` for a secret variable of a Deployment."""
    new_secret_without_value: str = _switch("blanked", "refused")
    """`isSecret` without a value, where there is no secret yet."""
    secret_made_plain: str = _switch("refused", "blanked", "shown", nasty="shown")
    plain_value_absent: str = _switch("blanked", "kept")
    contact_emails_omitted: str = _switch("cleared", "kept")
    scaling_spec_omitted: str = _switch("cleared", "kept")
    deployment_fields_omitted: str = _switch("cleared", "kept")
    """Any other optional field; not the workload identities, which the server keeps."""
    expired_override: str = _switch("refused", "taken")
    """A hibernation override whose `overrideUntil` is over."""
    deployment_update: str = _switch("keeps links", "resets links", nasty="resets links")
    """terraform-provider-astro#218: an update drops the links of environment objects to the Deployment."""


DEFAULT = Switches()
NASTIEST = Switches(**{one.name: one.metadata["nasty"] for one in fields(Switches)})


def name_of(switches: Switches) -> str:
    """A short name, for the ids of parametrized tests."""
    if switches == NASTIEST:
        return "nastiest"
    other = [f"{one.name}={getattr(switches, one.name)}" for one in fields(Switches) if _differs(switches, one)]
    return ", ".join(other) or "default"


def single_settings(*names: str) -> list[Switches]:
    """The default, each switch (or each of those named) at each other choice, and the nastiest combination."""
    assert {*names} <= {one.name for one in fields(Switches)}
    singles = [
        replace(DEFAULT, **{one.name: choice})
        for one in fields(Switches)
        if not names or one.name in names
        for choice in one.metadata["choices"][1:]
    ]
    return [DEFAULT, *singles, NASTIEST]


def any_switches(**fixed: Any) -> strategies.SearchStrategy[Switches]:
    """A strategy for hypothesis: each switch at random, but for those that are given: a value, or a strategy."""
    drawn = {
        one.name: strategies.sampled_from(one.metadata["choices"])
        for one in fields(Switches)
        if one.name not in fixed
    }
    given = {
        name: choice if isinstance(choice, strategies.SearchStrategy) else strategies.just(choice)
        for name, choice in fixed.items()
    }
    return strategies.builds(Switches, **drawn, **given)


def _differs(switches: Switches, one: Any) -> bool:
    return bool(getattr(switches, one.name) != one.default)
