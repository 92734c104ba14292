"""Makes the cases under tests/diagnosis/cases/tuning: compact to declare, shaped as a real cluster shows them.

``python -m tests.diagnosis.casemaker`` writes them all; the same input always gives the same bytes.
"""
