"""Whom a connection trusts: the machine's own certificates, as pip takes them, and those that its environment names."""

import os
import ssl

CA_FILES = ("PIP_CERT", "REQUESTS_CA_BUNDLE", "SSL_CERT_FILE")


def trusted() -> ssl.SSLContext:
    """A context for httpx's `verify`."""
    import truststore

    context: ssl.SSLContext = truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    for variable in CA_FILES:
        if path := os.environ.get(variable):
            context.load_verify_locations(path)
    return context
