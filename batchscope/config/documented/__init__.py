"""The documented default: config.yaml, config.schema.json, and the studies of the default."""
