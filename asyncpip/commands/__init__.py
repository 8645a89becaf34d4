"""One small module a command; a command imports the pipeline only once it knows that there is work."""
