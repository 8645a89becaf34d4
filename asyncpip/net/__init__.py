"""HTTP: transports, retries, credentials."""
