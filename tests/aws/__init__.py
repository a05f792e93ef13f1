"""A stand-in for AWS: moto behind a proxy of our own that puts moto right and injects faults.

`emulator` keeps the parameters, `proxy` is what a test points its client at. Read through the proxy: asked
directly, moto proves things that are not true of AWS (see `corrections`, also for what stays wrong).
"""
