"""The pages of the guide list all options of the addresses of secrets backends."""

from __future__ import annotations

import pytest

from tests.help_pages import HELP
from tests.stores.secrets.options_tables import TABLES


@pytest.mark.parametrize("page", sorted(TABLES))
def test_a_page_lists_every_option_with_its_default(page: str) -> None:
    table = TABLES[page]
    assert table.declared() == {*table.meanings, *table.unused}
    assert not set(table.meanings) & set(table.unused)
    assert table.markdown() in (HELP / f"{page}.md").read_text()


@pytest.mark.parametrize("page", sorted(TABLES))
def test_a_page_names_the_credentials_that_an_address_can_not_have(page: str) -> None:
    text = (HELP / f"{page}.md").read_text()
    login_elsewhere = {"key_id", "gcp_keyfile_dict", "radius_secret"} if page == "vault" else set()
    assert [name for name in sorted(TABLES[page].credentials() - login_elsewhere) if f"`{name}`" not in text] == []
