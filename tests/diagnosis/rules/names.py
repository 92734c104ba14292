"""Lines in which programs say that they cannot resolve a name."""

UNRESOLVED = (
    "dial tcp: lookup cart on 10.96.0.10:53: server misbehaving",
    "requests.exceptions.ConnectionError: HTTPConnectionPool(host='cart'): Temporary failure in name resolution",
    "Error: getaddrinfo EAI_AGAIN cart",
    "java.net.UnknownHostException: cart: Name or service not known",
    "php_network_getaddresses: getaddrinfo failed: Temporary failure in name resolution cart",
)
NO_CART = "dial tcp: lookup cart on 10.96.0.10:53: no such host"
NO_CRAT = "dial tcp: lookup crat on 10.96.0.10:53: no such host"
