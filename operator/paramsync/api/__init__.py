"""The custom resources: what a user writes and reads. Pure."""
