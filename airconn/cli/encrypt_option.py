"""The option `--encrypt`."""

from __future__ import annotations

import click

encrypting = click.option(
    "--encrypt",
    type=click.Choice(["sops", "none"]),
    callback=lambda ctx, param, value: value or "",
    help="Encrypt FILE with sops, or write it in clear [as it is; a new one by the rules of .sops.yaml].",
)
"""A command gets it as `encrypt`, which is empty without it."""
