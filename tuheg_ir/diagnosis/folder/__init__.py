"""The files of a snapshot's folder: each module reads and writes one of them.

A part that cannot be read is a note and the rest is read; only objects.yaml must be there.
"""
