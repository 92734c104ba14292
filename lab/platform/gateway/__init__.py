"""backend-gateway: the handbook's core API, small enough to read and real enough to break."""
