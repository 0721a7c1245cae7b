"""Ways to log in to an Airflow: `registry` lists them, `Authenticator` takes the one that fits the credentials."""
