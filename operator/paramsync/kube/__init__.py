"""The Kubernetes edge: reading and writing objects, status and Events. It holds no rules."""
