"""A control plane alone, as an ordinary user: the real API with its controllers, and a fake node.

What tests of the API's rules need, without root, namespaces or containers. No pod runs anything.
"""
