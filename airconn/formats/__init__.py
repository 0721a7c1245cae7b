"""Text into objects and back. Each format declares itself, and is imported when it is used."""

from airconn.formats.declaration import Format as Format
from airconn.formats.format_option import FormatOption as FormatOption
from airconn.formats.registry import FORMATS as FORMATS
from airconn.formats.registry import are_of_sources as are_of_sources
from airconn.formats.registry import detect as detect
from airconn.formats.registry import get_format as get_format
from airconn.formats.registry import given_values as given_values
from airconn.formats.registry import name_of_path as name_of_path
from airconn.formats.registry import names as names
from airconn.formats.registry import options as options
from airconn.formats.registry import refuse_idle as refuse_idle
from airconn.formats.registry import refuse_unknown as refuse_unknown
