"""What pip does, asynchronous and several times faster. The promise is the command line; no module is a public API."""
