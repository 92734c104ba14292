"""The platform of the handbook, simulated: gateway, database, cache, ingress, their figures."""
