"""matplotlib, when something is drawn, and how small pictures are laid out."""

from math import ceil, sqrt


def pyplot(name):
    """matplotlib.pyplot, or an ImportError that says what to do."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{name}.plot needs matplotlib: install it with 'pip install matplotlib'."
        ) from error
    return plt


def tiling(n):
    """Rows and columns for n small pictures: at least as wide as high, few gaps."""
    columns = range(ceil(sqrt(n)), ceil(sqrt(2.5 * n)) + 1)
    fewest_gaps = min(columns, key=lambda c: -n % c)
    return -(-n // fewest_gaps), fewest_gaps
