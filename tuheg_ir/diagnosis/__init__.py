"""What is wrong, and what would help: a namespace is read at once, and judged by rules; `diagnose` is the way in."""
