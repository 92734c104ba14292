"""A real one-node Kubernetes for tests and game days, built from source modules.

``python -m lab`` builds, starts, breaks and removes it; see ``lab/README.md``.
"""
