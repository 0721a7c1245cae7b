"""AWS's two services for secrets, with their common options, requests and errors."""
