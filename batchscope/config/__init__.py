"""The configuration: one file a block, one model that checks them all, and the files written from that model.

`batchscope.config.configuration` puts the blocks together, `batchscope.config.documented` writes config.yaml
and config.schema.json, and `batchscope.config.reading` reads what a user wrote and words what is wrong. Which
runs a study has is decided in `batchscope.studies`.
"""
