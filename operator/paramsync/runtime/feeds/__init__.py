"""Parameter Store as a watch: one poller for each subtree, shared by all syncs that may read it."""
