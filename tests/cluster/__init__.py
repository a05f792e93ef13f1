"""A real control plane for tests, demo and benchmark: etcd, kube-apiserver and kube-controller-manager.

`python -m tests.cluster` runs one; `tests.cluster.control_plane.control_plane` starts one inside a program.
"""
