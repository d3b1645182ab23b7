"""The values of HTTP headers as text."""


def header_text(value: str) -> str:
    """A header's value, fit for messages and JSON.

    The HTTP parser reads UTF-8 and leaves other bytes as lone surrogates: these values are Latin-1, as of old.
    """
    try:
        value.encode()
    except UnicodeEncodeError:
        return value.encode(errors="surrogateescape").decode("latin-1")
    return value
