"""The half of an endpoint that is the same for all servers: limits of documents and times, refusals, reloading."""
