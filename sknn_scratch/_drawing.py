"""What the displays share: matplotlib when it is needed, and the last step."""


def pyplot(name):
    """matplotlib.pyplot, or an ImportError that says what to do."""
    try:
        import matplotlib.pyplot as plt
    except ImportError as error:
        raise ImportError(
            f"{name}.plot needs matplotlib: install it with 'pip install matplotlib'."
        ) from error
    return plt


def last_step(estimator):
    """The last step of a pipeline, or the estimator itself."""
    return estimator[-1] if hasattr(estimator, "steps") else estimator
