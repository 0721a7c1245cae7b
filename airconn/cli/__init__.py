"""The command line: parses arguments, calls transfer, renders the result, picks the exit code."""

from airconn.cli.main import COMMANDS as COMMANDS
from airconn.cli.main import group as group
from airconn.cli.main import run as run
