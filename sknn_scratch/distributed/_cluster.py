"""The client's view of the cluster: where the shards are, and sums over all of them.

The shards are tasks of Dask: it keeps them, and computes those again that are lost with
a worker. A sum is no task. A call goes to every worker directly and takes two or three
milliseconds, where a task for each worker takes twenty. If a worker does not answer, or
no longer has what it had, the call is repeated once Dask has put all shards somewhere.
"""

import asyncio
import time
from itertools import pairwise

from sknn_scratch.distributed._dask import usable_client
from sknn_scratch.distributed._partitions import partitions
from sknn_scratch.distributed._reduction import gathered, together, whole
from sknn_scratch.distributed._rows import summary, validated
from sknn_scratch.distributed._shards import Shard

#: A call that fails so often in a row has another reason than a lost worker.
ATTEMPTS = 20
#: Seconds between two looks at the cluster, while it has no place for a shard.
PAUSE = 0.05


class Cluster:
    """The partitions of one fit, on the workers; a context that releases them.

    Parameters
    ----------
    client : Client or None
        None takes Dask's current one.
    """

    def __init__(self, client=None):
        self.client = usable_client(client)
        self.shards = []
        #: The address that each shard is called at.
        self.homes = []
        self.threads = {}
        self._held = []

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for future in self._held:
            future.release()
        self._held, self.shards = [], []

    def _submit(self, function, *args, **options):
        future = self.client.submit(function, *args, pure=False, **options)
        self._held.append(future)
        return future

    # ---- making the shards -------------------------------------------------------

    def read(self, X, y, weight, dtype, is_classifier):
        """Have the workers validate the rows; return the summaries."""
        from dask import delayed

        self.rows = self.client.compute(
            [
                delayed(validated, pure=False)(i, *part, dtype, is_classifier)
                for i, part in enumerate(partitions(X, y, weight))
            ]
        )
        self._held += self.rows
        summaries = [
            self._submit(summary, i, rows, is_classifier)
            for i, rows in enumerate(self.rows)
        ]
        told = self.client.gather(summaries)
        for future in summaries:
            future.release()
        return told

    def encode(self, kept, setup):
        """Make shards of the partitions that are kept; forget the others."""
        setup = self._submit(_same, setup)
        self.shards = [
            self._submit(Shard, index, self.rows[i], setup)
            for index, i in enumerate(kept)
        ]
        for rows in self.rows:
            rows.release()
        self.rows = []
        self.settle()

    # ---- where they are ----------------------------------------------------------

    def settle(self):
        """Wait until every shard is on a worker; share them out evenly."""
        while True:
            where = self._where()
            self.threads = self.client.nthreads()
            self.homes = homes(where, self.threads)
            away = [i for i, home in enumerate(self.homes) if home not in where[i]]
            if not away:
                return
            for i in away:
                before, home = self.shards[i], self.homes[i]
                self.shards[i] = self._submit(
                    _same, before, workers=[home], allow_other_workers=True
                )
                before.release()  # else there would be two of them

    def _where(self):
        """The addresses of the workers that have each shard."""
        while True:
            # What a future says of itself costs no message.
            while any(shard.status == "pending" for shard in self.shards):
                time.sleep(PAUSE / 10)
            for shard in self.shards:
                if shard.status == "error":
                    shard.result()
                if shard.status == "cancelled":
                    raise RuntimeError(
                        "A partition is lost with its worker, and Dask cannot compute "
                        "it again. Data that was scattered by hand has no source: "
                        "read it on the workers, or use client.replicate."
                    )
            found = self.client.who_has(self.shards)
            where = [found.get(shard.key, ()) for shard in self.shards]
            if all(where):
                return where
            time.sleep(PAUSE)

    # ---- calls -------------------------------------------------------------------

    def sum(self, method, *args):
        """The sum of ``shard.method(*args)`` over all shards, in the order of a tree.

        Returns
        -------
        ndarray
        """
        return self.call(method, *args)[0]

    def call(self, method, *args):
        """Likewise, for methods that return a vector and something more.

        Returns
        -------
        sum : ndarray
        more : dict of int to object
            Of each shard that says more.
        """
        for _ in range(ATTEMPTS):
            if self.client.nthreads() != self.threads:  # some have gone, or have come
                self.settle()
            replies = self.client.run(
                answered,
                (method, *args),
                self._places(),
                len(self.shards),
                workers=sorted(set(self.homes)),
                on_error="return",
            )
            for reply in replies.values():
                if isinstance(reply, Exception) and not isinstance(reply, OSError):
                    raise reply
            if all(isinstance(reply, tuple) for reply in replies.values()):
                more = {i: m for _, each in replies.values() for i, m in each.items()}
                sums = [pieces for pieces, _ in replies.values()]
                return whole(sums, len(self.shards)), more
            time.sleep(PAUSE)
            self.settle()
        raise RuntimeError(
            f"The workers did not answer {ATTEMPTS} times in a row: {replies}."
        )

    def _places(self):
        """For each address the shards of each of its threads: lists of (index, key)."""
        at: dict = {}
        for i, (home, shard) in enumerate(zip(self.homes, self.shards, strict=True)):
            at.setdefault(home, []).append((i, shard.key))
        return {
            home: _shared_out(shards, self.threads[home]) for home, shards in at.items()
        }


def homes(where, threads):
    """A worker for each shard: one that has it, unless that one had too many.

    Parameters
    ----------
    where : list of collection of str
        The addresses that have each shard.
    threads : dict of str to int
        The workers and their threads.

    Returns
    -------
    list of str

    Examples
    --------
    >>> homes([["a"], ["a"], ["a"], ["a"]], {"a": 1, "b": 1})
    ['a', 'a', 'b', 'b']
    """
    n, total = len(where), sum(threads.values())
    room: dict = {address: -(-n * t // total) for address, t in threads.items()}
    found: list = [None] * n

    def put(i, addresses):
        best = max((a for a in addresses if room.get(a, 0) > 0), key=room.__getitem__)
        found[i] = best
        room[best] -= 1

    for i, held in enumerate(where):
        if any(room.get(address, 0) > 0 for address in held):
            put(i, held)
    for i in range(n):
        if found[i] is None:
            put(i, room)
    return found


def _shared_out(items, n):
    """The items in n runs of nearly the same length; no empty ones."""
    n = min(n, len(items))
    ends = [len(items) * i // n for i in range(n + 1)]
    return [items[a:b] for a, b in pairwise(ends)]


def _same(thing):
    return thing


# ---- on a worker -----------------------------------------------------------------


async def answered(request, places, n, dask_worker=None):
    """What the shards of this worker add up to; None if it has not got all of them.

    Its threads work side by side, each on shards of its own.
    """
    own = places[dask_worker.address]
    data = dask_worker.data
    if not all(key in data for shards in own for _, key in shards):
        return None
    loop = asyncio.get_running_loop()
    executor = dask_worker.executors["default"]
    parts = await asyncio.gather(
        *(
            loop.run_in_executor(
                executor, added_up, request, {i: data[key] for i, key in shards}, n
            )
            for shards in own
        )
    )
    more = {i: m for _, each in parts for i, m in each.items()}
    return together([sums for sums, _ in parts], n), more


def added_up(request, shards, n):
    """The sums over some shards, in the order of the tree, and what else they say."""
    (method, *args), more = request, {}

    def leaf(i):
        result = getattr(shards[i], method)(*args)
        if isinstance(result, tuple):
            result, more[i] = result
        return result

    leaves = {(i, i + 1): (lambda i=i: leaf(i)) for i in shards}
    return gathered(leaves, 0, n), more
