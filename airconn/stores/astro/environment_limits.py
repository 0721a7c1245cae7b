"""What environment variables at Astro can't be, whichever place has them."""

from __future__ import annotations

LARGEST = 131_072
"""The bytes that Linux has for an environment variable, with its name, the `=` and the end (MAX_ARG_STRLEN). With a
longer one, no process of the Deployment would start."""
ASTROS_OWN = frozenset({"astro_s3_logging", "astro_gcs_logging", "astro_azure_logs"})
"""The connections for Astro's own logs ("Global environment variables" in Astro's documentation)."""
