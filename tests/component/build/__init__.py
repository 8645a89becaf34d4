"""Credentials, proxies, retries and the like, as values."""
