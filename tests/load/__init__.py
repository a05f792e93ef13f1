"""A stub of SSM and STS for load: thousands of requests per second, with AWS's quota and counts of what came.

`stub` is what a test starts. It reads what a test put into it, and knows quotas, labels, versions, roles and their
sessions. It does not know IAM nor KMS (deny by a rule), eventual consistency, the signature, or a parameter's policies
and tags; a parameter may change its type, and `/a` and `a` are two.
"""
