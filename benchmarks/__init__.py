"""Measurements against plain kubectl, side by side on one running lab."""
