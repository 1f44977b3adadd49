"""Dask, which only this folder needs: whether it is there, and the client to use."""


def require_dask():
    """Raise ImportError in words of our own if Dask is not installed."""
    try:
        import dask.array
        import dask.distributed  # noqa: F401
    except ImportError as error:
        raise ImportError(
            "sknn_scratch.distributed needs Dask: pip install "
            f'"sknn-scratch[cluster]". ({error})'
        ) from error


require_dask()


def is_collection(X):
    """Whether X is a dask array, dataframe or series."""
    from dask import is_dask_collection

    return is_dask_collection(X) and hasattr(X, "to_delayed")


def is_array(X):
    """Whether X is a dask array."""
    from dask.array import Array

    return isinstance(X, Array)


def current_client(client=None):
    """The client given, or the one that Dask would take; neither asked nor checked."""
    from dask.distributed import Client, default_client

    if client is None:
        try:
            return default_client()
        except ValueError as error:
            raise ValueError(
                "There is no Dask client. Make one first, Client(address) for the "
                "cluster with that scheduler or Client() for this machine, or give it "
                "as the parameter client."
            ) from error
    if not isinstance(client, Client):
        raise TypeError(
            f"client must be a dask.distributed.Client or None, got {client!r:.60}."
        )
    return client


def usable_client(client=None):
    """Likewise, if it is open and its cluster has workers.

    Raises
    ------
    TypeError
        If it is no client.
    ValueError
        If there is none, if it is closed or asynchronous, or if there is no worker:
        work would then wait for one without end.
    """
    client = current_client(client)
    if client.status != "running":
        raise ValueError(
            f"The Dask client is {client.status}. Make a new one: Client(address)."
        )
    if client.asynchronous:
        raise ValueError(
            "The Dask client is asynchronous, and fit is not: make one with "
            "Client(address, asynchronous=False)."
        )
    if not client.nthreads():
        raise ValueError(
            "The Dask client's cluster has no workers, on which the rows could be. "
            "Start some, and wait for them: client.wait_for_workers(1)."
        )
    return client
