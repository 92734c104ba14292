"""Indices over a snapshot: what rules may ask, of `view.View`."""
