"""matplotlib, when something is drawn."""


def pyplot(name):
    """matplotlib.pyplot, or an ImportError that says what to do."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{name}.plot needs matplotlib: install it with 'pip install matplotlib'."
        ) from error
    return plt
