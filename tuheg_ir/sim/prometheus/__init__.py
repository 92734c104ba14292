"""Prometheus in small: samples, a real evaluator of PromQL, its HTTP API."""
