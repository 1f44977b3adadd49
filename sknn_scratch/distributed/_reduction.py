"""Sums over the partitions, in one order however the work is shared out.

Floating-point addition is not associative: sums that are added as they arrive differ in
their last bits from run to run. Here the order is that of a binary tree over the
partitions 0 .. n - 1, cut in halves,

::

    S(start, stop) = S(start, middle) + S(middle, stop),  middle = (start + stop) // 2

A worker adds up those branches of the tree that it holds wholly, and the client the
rest. Who holds what makes no difference to the result.
"""


def gathered(pieces, start, stop):
    """Add up pieces, as far as they are neighbours in the tree.

    Parameters
    ----------
    pieces : dict of (int, int) to callable
        ``pieces[start, stop]()`` gives the sum over the partitions start .. stop - 1.
    start, stop : int
        The branch of the tree to look at.

    Returns
    -------
    dict of (int, int) to ndarray
        The sums, as few as there can be.

    Examples
    --------
    >>> leaves = {(0, 1): lambda: 1.0, (1, 2): lambda: 2.0, (3, 4): lambda: 4.0}
    >>> gathered(leaves, 0, 4)
    {(0, 2): 3.0, (3, 4): 4.0}
    """
    if (start, stop) in pieces:
        return {(start, stop): pieces[start, stop]()}
    if stop - start < 2:
        return {}
    middle = (start + stop) // 2
    sums = {**gathered(pieces, start, middle), **gathered(pieces, middle, stop)}
    left, right = (start, middle), (middle, stop)
    if left in sums and right in sums:
        return {(start, stop): sums[left] + sums[right]}
    return sums


def together(replies, n):
    """Likewise for the sums that several threads or workers have gathered.

    Parameters
    ----------
    replies : iterable of dict of (int, int) to ndarray
        Their pieces of the tree.
    n : int
        Number of partitions.
    """
    pieces = {
        place: (lambda value=value: value)
        for reply in replies
        for place, value in reply.items()
    }
    return gathered(pieces, 0, n)


def whole(replies, n):
    """The sum over all n partitions, if the replies together cover the tree."""
    return together(replies, n)[0, n]
