"""The form on the login page of Airflow 2."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

from airconn.stores.http.messages import Reply

_FIELDS = {"csrf_token": "hidden", "username": "text", "password": "password"}
"""The inputs of the form (flask_appbuilder/security/forms.py `LoginForm_db`), which LDAP shares."""


def csrf_token(page: Reply, url: str) -> str | None:
    """The CSRF token of the one form for a name and a password on a page, if it is sent to the page itself."""
    if page.status != 200 or page.media_type != "text/html":
        return None
    reader = _Forms()
    try:
        reader.feed(page.body.decode(errors="replace"))
        forms = [form for form in reader.forms if "password" in form.fields.values()]
        if [(form.method, urljoin(url, form.action), form.fields) for form in forms] != [("post", url, _FIELDS)]:
            return None
    except (AssertionError, ValueError):  # of html.parser for some markup, and of urllib.parse for what isn't a URL
        return None
    return forms[0].token or None


@dataclass(slots=True)
class _PageForm:
    method: str
    action: str
    token: str = field(default="", repr=False)
    fields: dict[str, str] = field(default_factory=dict)
    """The types of its inputs by name, without the button."""


class _Forms(HTMLParser):
    """Finds the forms of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: list[_PageForm] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(_PageForm(given.get("method", "get").lower(), given.get("action", "")))
            self._inside = True
        elif tag in ("input", "select", "textarea") and self._inside and given.get("name"):
            kind = given.get("type", "text").lower() if tag == "input" else tag
            if kind not in ("submit", "button", "image"):
                form = self.forms[-1]
                form.fields[given["name"]] = kind
                if given["name"] == "csrf_token":
                    form.token = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._inside = False
