"""The HTTP stack of places with a REST API: connections, TLS and proxies, retries, the deadline, faults in words."""
