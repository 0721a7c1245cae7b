"""AWS's two services for secrets, and what they share: options, requests, and errors."""
