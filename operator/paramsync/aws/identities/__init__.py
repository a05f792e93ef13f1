"""Who reads from AWS: a client for each identity, and the credentials that it signs with."""
