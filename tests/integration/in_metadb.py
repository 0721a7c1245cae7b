"""Puts objects into an Airflow's database the way Airflow does. As a script it runs in the Python of that Airflow.

`in_metadb.py FILE` takes `{"connections": {id: fields}, "variables": {key: {value, description}}, "pools": {…}}`.
"""

import json
import sys
from pathlib import Path


def main(file):
    from airflow.models import Connection, Variable
    from airflow.models.pool import Pool
    from airflow.utils.session import create_session

    wanted = json.loads(Path(file).read_text())
    with create_session() as session:
        for conn_id, fields in wanted["connections"].items():
            session.add(Connection(conn_id=conn_id, **fields))
        for key, fields in wanted["variables"].items():
            variable = Variable(key=key, description=fields["description"])
            variable.set_val(fields["value"])
            session.add(variable)
        for name, fields in wanted["pools"].items():
            session.add(Pool(pool=name, **fields))


if __name__ == "__main__":
    main(sys.argv[1])
