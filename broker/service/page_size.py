"""How many items a page holds (Cloud Tasks specification, 3.4)."""

from broker.service import our_texts


def page_length(page_size: int, largest: int) -> int:
    """Items in a page for which a caller asked for `page_size`; 0, or more than allowed, means the largest.

    Raises HeadraceError for a negative size.
    """
    if page_size < 0:
        raise our_texts.page_size_negative()
    return min(page_size or largest, largest)
