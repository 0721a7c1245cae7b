"""Reads objects from text and writes them as text. The code of a format is loaded when it is first used."""

from airconn.formats.declaration import Format as Format
from airconn.formats.format_option import FormatOption as FormatOption
from airconn.formats.registry import FORMATS as FORMATS
from airconn.formats.registry import are_source_values as are_source_values
from airconn.formats.registry import detect as detect
from airconn.formats.registry import get_format as get_format
from airconn.formats.registry import given_values as given_values
from airconn.formats.registry import name_of_path as name_of_path
from airconn.formats.registry import names as names
from airconn.formats.registry import options as options
from airconn.formats.registry import refuse_read_only as refuse_read_only
from airconn.formats.registry import refuse_unknown as refuse_unknown
from airconn.formats.registry import refuse_unused as refuse_unused
from airconn.formats.registry import writable_names as writable_names
