"""The facts about Airflow: its releases and the differences between them, one table for each subject."""
