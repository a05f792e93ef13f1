"""What makes a release: one version in all places, the notes, and the chart that names the image by its digest.

Only `release.chart` needs more than the standard library, so that a version is checked before anything is installed.
"""
