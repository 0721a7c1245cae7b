"""The conn_types of Airflow and its published providers.

The list is brought up to date by tests/check/generate_conn_types.py. They are those of Airflow's own
summary (docs apache-airflow-providers, core-extensions/connections.html, as it stood for
apache-airflow-providers-amazon 9.18.1), what providers_manager.py of 2.7 to 3.3 has built in, and types of providers
that were given up, which people still have.
"""

from __future__ import annotations

CONN_TYPES = frozenset(
    """
    adb_spark adls airbyte alibaba_cloud apprise arangodb asana athena aws azure azure_batch
    azure_container_instance azure_container_registry azure_container_volume azure_cosmos azure_data_explorer
    azure_data_factory azure_data_lake azure_fileshare azure_service_bus azure_synapse azure_synapse_pipeline
    cassandra chime cloudant cohere databricks datadog dataprep dbt_cloud dingding discord docker drill druid
    elasticsearch email emr exasol facebook_social fs ftp gcp_looker gcpbigquery gcpcloudsql gcpcloudsqldb
    gcpssh generic git github google_ads google_cloud_platform gremlin grpc hdfs hive_cli hive_metastore
    hiveserver2 http iceberg imap impala influxdb jdbc jenkins jira jupyter_kernel kafka kubernetes kylin
    leveldb livy maxcompute mesos_framework-id mongo msgraph mssql mysql neo4j odbc openai openfaas opensearch
    opsgenie oracle oss package_index pagerduty pagerduty_events pig_cli pinecone pinot pinot_admin postgres
    powerbi presto psrp qdrant qubole redis redshift salesforce samba segment sftp slack slackwebhook smtp
    snowflake spark spark_connect spark_jdbc spark_sql sqlite sqoop ssh tableau tabular telegram teradata
    trino vault vertica wasb weaviate webhdfs yandexcloud ydb zendesk
    """.split()  # noqa: SIM905 - a list of so many strings is no help to anybody
)
