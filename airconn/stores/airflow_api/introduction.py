"""Asks for a login where an Airflow needs one and none is set, and again where it refuses the one that was typed."""

from __future__ import annotations

from airconn.errors import TargetError
from airconn.stores.airflow_api.login.login_way import LoginRefused
from airconn.stores.airflow_api.session import Session
from airconn.stores.http.messages import Request

_QUESTIONS = 3
"""How often a user is asked. Some servers lock a user out after more wrong passwords."""


def introduce(session: Session, request: Request) -> None:
    """Sends a first request, and asks for a login as long as the server refuses it for the lack of the right one.

    Nothing is sent where the user can't be asked, or the credentials come from elsewhere. Raises `TargetError` for a
    login that stays refused.
    """
    login = session.credentials.login
    if login is None or not login.may_ask:
        return
    left = _QUESTIONS - session.auth.given
    while True:
        refusal = _refusal(session, request)
        is_wrong = session.auth.given
        if refusal is None or (is_wrong and not left):
            break
        found = login.ask(refusal.message if is_wrong else "")
        if found is None:
            break
        left -= 1
        session.adopt(found.onto(session.credentials))
    if refusal is not None and session.auth.given:
        raise refusal


def _refusal(session: Session, request: Request) -> TargetError | None:
    """The error of a request that is refused because of the login. None for any other answer."""
    try:
        status = session.send(request).status
    except LoginRefused as error:
        return error
    # Airflow 2.11 takes a wrong password for the public, which may do nothing. In 3, a wrong one gives no token.
    is_of_login = status == 401 or (status == 403 and not (session.is_v2 and session.auth.given))
    return session.shut_out(status, "read connections") if is_of_login else None
