"""The checks of `airconn doctor`, and the first `airconn.toml`."""
