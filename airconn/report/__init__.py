"""What happened, as text for people and as JSON for scripts. No value of any object is in either."""

from airconn.quoting import clean as clean
from airconn.report.results import DONE as DONE
from airconn.report.results import SCHEMA_VERSION as SCHEMA_VERSION
from airconn.report.results import Lines as Lines
from airconn.report.results import amounts as amounts
from airconn.report.results import hidden_summary as hidden_summary
from airconn.report.results import import_json as import_json
from airconn.report.results import list_json as list_json
from airconn.report.results import list_rows as list_rows
from airconn.report.results import some as some
from airconn.report.results import summary as summary
