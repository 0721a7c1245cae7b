"""What Airflow is: its releases, and what differs between them, one table a subject. Imports nothing but errors."""
