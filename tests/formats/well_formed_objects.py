"""Objects as teams have them: the values are made up, and of the kinds that are easily taken for something else."""

from __future__ import annotations

import json
from typing import Any

PEM = "\n".join(
    ["-----BEGIN PRIVATE KEY-----", *["MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7VJTUt9Us8cKj"] * 3]
    + ["MzEfYyjiWA4R4/M2bS1GB4t7NXp98C3SC6dVMvDuictGeurT8jNbvJZHtCSuYEvu", "-----END PRIVATE KEY-----", ""]
)
JWT = "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0NTY3ODkwIiwiaWF0IjoxNTE2MjM5MDIyfQ." + "SflKxwRJSMeKKF2QT4f"
BCRYPT = "$2b$12$LQv3c1yqBWVHxkd0LHAkCOYz6TtxMQJqhN8/LewKyNiLU1qJ8r1e2"
SLACK = "xoxb-" + "2412345678-3012345678901-aB3dE5fG7hI9jK1lM3nO5pQ7"
GITHUB = "ghp" + "_16C7e42F292c6912E7710c838347Ae178B4a"
SERVICE_ACCOUNT: dict[str, Any] = {
    "type": "service_account",
    "project_id": "acme-data-prod",
    "private_key_id": "1f8e1c2b3a4d5e6f7a8b9c0d1e2f3a4b5c6d7e8f",
    "private_key": PEM,
    "client_email": "airflow@acme-data-prod.iam.gserviceaccount.com",
    "client_id": "104857600000000000000",
    "auth_uri": "https://accounts.google.com/o/oauth2/auth",
    "token_uri": "https://oauth2.googleapis.com/token",
    "universe_domain": "googleapis.com",
}
KUBE_CONFIG = {
    "apiVersion": "v1",
    "kind": "Config",
    "clusters": [{"name": "prod", "cluster": {"server": "https://10.0.0.1:6443"}}],
    "users": [{"name": "airflow", "user": {"token": JWT}}],
    "current-context": "prod",
}

PASSWORDS = [
    "S3cure!Pa55", "p@ss/w0rd", "correct horse battery staple", "a#b#c", "100%sure", "{curly}Braces{}", "Tr0ub4dor&3",
    "dGhpcyBpcyBhIGJhc2U2NCBzZWNyZXQ=", "abc+def/ghi==", "=leading", "semi;colon", "tick,comma:colon", "пароль-密码-🔑",
    "x$y", "pa$$word", "$tart", "end$", BCRYPT, "~tilde/home", "(parens)", "[1st]", "<3hearts", "2>&1", "!bang!",
    "a|b|c", "50%25off", "q?mark=1&x", "under_score-", "0123456789", "1e10", "yes", "null", "postgres", "airflow",
    "hidden-Falcon-77", "redacted1", "xxl-shirts", "exchange-me-not", "Secret.Garden", "todo-list-2024", "__x9Kq",
    "vault", "op-sec", "enc-7", "%!(EXTRA)", "#hashtag", "{{", "}}", "${", "a${b", "-----", "..", "?!?", "a*b**c",
    "T0p{Secret}", "$1,000", "C:\\keys\\x", "k8s-r0cks", "change", "your-turn-22", "9f86d081884c7d659a2feaa0c55ad015",
]  # fmt: skip


def _c(conn_type: str, **fields: Any) -> dict[str, Any]:
    return {"conn_type": conn_type, **fields}


# The password is one of PASSWORDS where it is True.
CONNECTIONS: dict[str, dict[str, Any]] = {
    "postgres_default": _c("postgres", host="postgres", login="airflow", password=True, schema="airflow", port=5432),
    "warehouse": _c("postgres", host="db.example.com", login="etl@corp", password=True, schema="sales", port=5432,
                    extra={"sslmode": "require", "keepalives_idle": "30"}),
    "mysql_orders": _c("mysql", host="10.1.2.3", login="reader", password=True, schema="orders", port=3306,
                       extra={"charset": "utf8mb4", "cursor": "dictcursor"}),
    "snowflake_prod": _c("snowflake", host="xy12345.eu-central-1.snowflakecomputing.com", login="TRANSFORMER",
                         password=True, schema="PUBLIC",
                         extra={"account": "xy12345.eu-central-1", "warehouse": "COMPUTE_WH", "database": "ANALYTICS",
                                "role": "TRANSFORMER", "insecure_mode": False}),
    "snowflake_keypair": _c("snowflake", login="SVC_AIRFLOW", extra={"account": "acme-eu", "private_key_content": PEM}),
    "aws_default": _c("aws", login="AKIA" + "IOSFODNN7EXAMPLE", password="wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
                      extra={"region_name": "eu-west-1"}),
    "aws_role": _c("aws", extra={"role_arn": "arn:aws:iam::123456789012:role/airflow", "region_name": "us-east-1",
                                 "assume_role_kwargs": {"DurationSeconds": 900}}),
    "redshift": _c("redshift", host="c.abc.eu-west-1.redshift.amazonaws.com", login="u", schema="dev", port=5439,
                   extra={"iam": True, "cluster_identifier": "c",
                          "secret_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:redshift-AbCdEf"}),
    "google_cloud_default": _c("google_cloud_platform", extra={"project": "acme-data-prod", "num_retries": 5,
                               "keyfile_dict": json.dumps(SERVICE_ACCOUNT), "scope": "https://www.googleapis.com/auth/x"}),
    "gcp_keyfile": _c("google_cloud_platform", extra={"key_path": "/opt/airflow/keys/sa.json", "project": "acme",
                                                     "key_secret_name": "airflow-sa"}),
    "gcp_dict": _c("google_cloud_platform", extra={"keyfile_dict": SERVICE_ACCOUNT}),
    "azure_blob": _c("wasb", login="acmestorage", password="Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVEr"
                     "cz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==", extra={"tenant_id": "72f988bf-86f1-41af-91ab-2d7cd011db47"}),
    "azure_sas": _c("wasb", login="acme", extra={"sas_token": "?sv=2022-11-02&ss=b&srt=sco&sp=rl&se=2030-01-01T00:00:"
                    "00Z&sig=aB3%2FdE5%2BfG7hI9jK1lM3nO5pQ7rS9tU1vW3xY5z%3D"}),
    "databricks_default": _c("databricks", host="https://adb-1234567890123456.7.azuredatabricks.net", login="token",
                             password="dapi" + "0123456789abcdef0123456789abcdef"),
    "billing_api": _c("http", host="https://api.example.com/v1", extra={"Authorization": f"Bearer {JWT}",
                      "Accept": "application/json", "timeout": 30}, description="Invoices & credit notes (50% of all)"),
    "http_default": _c("http", host="https://httpbin.org"),
    "api_oauth": _c("http", host="api.example.com", login="client-7", password=True, port=443, schema="https",
                    extra={"token_url": "https://login.example.com/oauth2/token", "scope": "read write",
                           "grant_type": "client_credentials", "token_header": "X-Token"}),
    "slack_alerts": _c("slack", password=SLACK, host="https://slack.com/api"),
    "slack_hook": _c("slackwebhook", host="https://hooks.slack.com/services", password="T0000/B0000/" + "aB3dE5fG7hI9"),
    "kafka_default": _c("kafka", extra={"bootstrap.servers": "b-1.kafka:9096,b-2.kafka:9096", "group.id": "airflow",
                        "security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512", "sasl.username": "etl",
                        "sasl.password": "k4fk4!Pa#ss", "ssl.endpoint.identification.algorithm": "none"}),
    "ssh_bastion": _c("ssh", host="bastion.example.com", login="ec2-user", port=22,
                      extra={"private_key": PEM, "no_host_key_check": "true", "host_key": "AAAAB3NzaC1yc2EAAAADAQABAAAB"}),
    "ssh_file": _c("ssh", host="10.0.0.9", login="deploy", extra={"key_file": "~/.ssh/id_ed25519", "conn_timeout": 10}),
    "sftp_partner": _c("sftp", host="sftp.partner.example", login="acme", password=True, port=2222),
    "ftp_legacy": _c("ftp", host="ftp.example.com", login="anonymous", password="guest@example.com"),
    "smtp_default": _c("smtp", host="smtp.example.com", login="apikey", password="SG." + "aB3dE5fG7hI9jK1lM3nO5p.qR7",
                       port=587, extra={"from_email": "\"Data Team\" <data@example.com>", "disable_ssl": True}),
    "mongo_atlas": _c("mongo", host="cluster0.ab1cd.mongodb.net", login="app", password=True, schema="admin",
                      extra={"srv": True, "retryWrites": "true"}),
    "redis_cache": _c("redis", host="redis", password=True, port=6379, extra={"db": 0, "ssl_cert_reqs": "required"}),
    "oracle_erp": _c("oracle", host="erp.example.com", login="APPS", password=True, port=1521,
                     extra={"service_name": "ERPPRD.example.com", "thick_mode": False,
                            "dsn": "(DESCRIPTION=(ADDRESS=(PROTOCOL=TCP)(HOST=erp)(PORT=1521)))"}),
    "mssql_dwh": _c("mssql", host="sql\\instance", login="CORP\\svc_airflow", password=True, schema="DWH", port=1433,
                    extra={"driver": "ODBC Driver 18 for SQL Server", "TrustServerCertificate": "yes"}),
    "jdbc_hive": _c("jdbc", host="jdbc:hive2://hive:10000/default;ssl=true;AuthMech=3", login="etl", password=True,
                    extra={"driver_class": "org.apache.hive.jdbc.HiveDriver", "driver_path": "/opt/jars/hive.jar"}),
    "odbc_x": _c("odbc", extra={"dsn": "Warehouse", "driver": "{PostgreSQL Unicode}", "connect_kwargs": {"autocommit": 0}}),
    "spark_default": _c("spark", host="spark://spark-master", port=7077, extra={"queue": "root.default", "deploy-mode":
                        "cluster", "spark-home": "/opt/spark"}),
    "k8s_prod": _c("kubernetes", extra={"namespace": "airflow", "kube_config": json.dumps(KUBE_CONFIG), "in_cluster": False}),
    "emr_default": _c("emr", extra={"Name": "nightly", "LogUri": "s3://acme-logs/emr/", "Instances": {"Ec2KeyName": "ops"},
                                    "Steps": [], "ReleaseLabel": "emr-6.15.0"}),
    "trino_adhoc": _c("trino", host="trino.example.com", login="analyst", schema="hive", port=8443,
                      extra={"protocol": "https", "auth": "jwt", "jwt__token": JWT, "verify": "/etc/ssl/ca.pem"}),
    "vault_kv": _c("vault", host="vault.example.com", password="hvs." + "CAESIJ1234567890abcdefghij", port=8200,
                   schema="secret", extra={"auth_type": "approle", "role_id": "airflow", "kv_engine_version": 2}),
    "salesforce": _c("salesforce", login="api@example.com", password=True, extra={"security_token": "aB3dE5fG7hI9jK1lM3",
                     "domain": "login"}),
    "fs_default": _c("fs", extra={"path": "/mnt/data"}),
    "windows_share": _c("samba", host="fileserver", login="CORP\\etl", password=True, schema="Reports$"),
    "elastic": _c("elasticsearch", host="es.example.com", login="elastic", password=True, port=9200, schema="https"),
    "airbyte": _c("airbyte", host="airbyte", port=8001, description="同步任务 — 每天 ☁️ (see wiki/Data#Airbyte)"),
    "dbt_cloud": _c("dbt_cloud", login="12345", password=JWT, host="cloud.getdbt.com", extra={"proxies": {}}),
    "docker_hub": _c("docker", host="registry.example.com", login="ci", password=GITHUB, extra={"reauth": "false"}),
    "tableau": _c("tableau", host="https://tableau.example.com", login="svc", password=True, extra={"site_id": "sales"}),
    "jira": _c("http", host="https://acme.atlassian.net", login="bot@example.com", password="ATATT3" + "xFfGF0T4JVjdmA",
               description="Ask in #data-platform. Owner: {team: data}; rotated <quarterly>, 24/7."),
    "livy": _c("livy", host="livy", port=8998, extra={"endpoint_prefix": "/gateway/default"}),
    "no_extra": _c("generic", extra={}),
}  # fmt: skip

SQL = """SELECT id, amount, '{{ ds }}' AS day
FROM {{ params.schema }}.orders -- 100% of them
WHERE created_at >= '{{ data_interval_start }}' AND note LIKE 'a\\_%' ESCAPE '\\'
  AND price > $1::numeric; -- $2 isn't used
"""
VARIABLES: dict[str, Any] = {
    "region": "eu-west-1", "env": "prod", "retries": "3", "ratio": "0.75", "cron_nightly": "0 3 * * 1-5", "preset": "@daily",
    "every_five": "*/5 * * * *", "start": "2024-01-01T00:00:00+00:00", "timeout": "00:30:00", "enabled": "true",
    "empty_list": [], "empty": {}, "limits": [1, 2.5, "x", None, True], "greeting": "こんにちは 🌍 – ¡hola!",
    "bucket_path": "s3://acme-lake/raw/{{ ds_nodash }}/part-*.parquet", "jinja": "{{ ds }}", "templated": "{{ macros.ds_add(ds, -1) }}",
    "sql_orders": SQL, "date_format": "%Y-%m-%d %H:%M:%S", "log_format": "[%(asctime)s] {%(filename)s:%(lineno)d} %(message)s",
    "regex_id": r"^(?P<id>[A-Z]{2,4}-\d+)(?:\s|$)", "win_path": "C:\\Users\\etl\\data\\new", "unc": "\\\\nas01\\share$\\in",
    "dags_home": "$AIRFLOW_HOME/dags", "java_home": "${JAVA_HOME}/bin/java", "price": "$5.00", "discount": "50% off",
    "html": "<div class=\"x\"><h1>Done</h1>&nbsp;</div>", "mail_to": "a@example.com, \"B\" <b@example.com>",
    "slack_text": ":red_circle: *{{ task_instance.task_id }}* failed <{{ ti.log_url }}|log> (@here) #alerts",
    "dag_config": {"owner": "data", "tags": ["a", "b"], "sla": None, "sql": "{{ ds }}", "nested": {"deep": {"x": [1]}}},
    "api_key": "AIza" + "SyA1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6Q", "github_token": GITHUB, "slack_token": SLACK, "jwt": JWT,
    "password_policy": "min 12; max 64; [A-Za-z0-9!@#$%^&*]", "secret_name": "prod/warehouse", "max_tokens": "4096",
    "secret_path": "secret/data/airflow", "vault_url": "https://vault.example.com:8200/v1/", "token_url": "https://x.example.com/t",
    "db_secret_arn": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf", "public_key": "ssh-ed25519 AAAAC3NzaC1lZDI1",
    "gcp_secret_id": "projects/acme/secrets/db/versions/latest", "password_hash": BCRYPT, "fernet_key": "cmFuZG9tX2tleV9mb3JfdGVzdHNfb25seV8xMjM0NTY=",
    "partition_key": "{{ ds }}", "cache_key": "{{ dag.dag_id }}-{{ ds }}", "s3_key": "raw/{{ ds }}/x.csv", "sort_keys": "id,day",
    "sa_json": SERVICE_ACCOUNT, "crlf": "a\r\nb", "tabbed": "a\tb\tc", "multi": "one\ntwo\n\nthree", "quote": "it's \"quoted\"",
    "url": "https://example.com/a?b=c&d=%20e#frag", "jdbc_url": "jdbc:postgresql://db:5432/x?ssl=true&user=etl", "xml": "<a b='c'>d</a>",
    "long_text": "Lorem ipsum dolor sit amet, consectetur. " * 60, "hidden_columns": "a,b", "masked": "false", "redacted_fields": ["email"],
    "separator": "|", "wildcard": "*", "stars": "**/*.sql", "dash": "-", "hash": "#fff", "colon": "a: b", "braces": "{}", "percent": "%",
    "uuid": "123e4567-e89b-12d3-a456-426614174000", "hex": "0x1F", "octal": "0644", "version": "1.10", "exp": "1e3", "inf": ".inf",
    "nothing": "null", "tilde": "~", "no": "no", "sexagesimal": "12:30:00", "change_log": "changed 3 files", "todo": "see JIRA-12",
    "your_name": "Ann", "placeholder_image": "/img/x.png", "proxy_host": "proxy.example.com", "sample_rate": "0.1", "auth_type": "oauth",
    "makefile": "all:\n\t@echo $(VERSION)\n", "shell": "set -e; for i in $(seq 3); do echo \"$i\"; done", "chinese": "数据平台",
    "op_args": "op:add", "enc": "utf-8", "arn": "arn:aws:s3:::acme-lake", "sm_endpoint": "sm.example.com", "kv": "a=1;b=2",
    "dsn_sentry": "https://0123456789abcdef@o1.ingest.sentry.io/2", "email_body": "Dear {{ name }},\n{% if ok %}fine{% endif %}\n",
    "terraform": "${var.name}", "gha": "${{ github.sha }}", "erb": "<%= x %>", "ruby": "#{x}", "python": "%(x)s", "fmt": "{0:>10}",
}  # fmt: skip

POOLS: dict[str, tuple[int, str]] = {
    "default_pool": (128, "Default pool"), "sensors": (64, "Waiting tasks"), "api": (-1, ""), "db.heavy": (2, "50% max — 慢"),
    "spark-jobs": (10, "YARN: root.default; {{ not a template }}"), "backfill": (0, "closed #1"), "ml": (16, "GPU <2>"),
}  # fmt: skip
