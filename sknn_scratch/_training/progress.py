"""The course of a training: one record for each epoch."""

from dataclasses import dataclass, field
from time import perf_counter

import numpy as np


@dataclass
class Progress:
    """The course of a training so far."""

    n_iter: int = 0
    #: Number of rows seen, repetitions counted.
    t: int = 0
    loss: float = np.nan
    #: A record for each epoch, or iteration.
    history: list[dict] = field(default_factory=list)
    #: The epoch that was judged best.
    best_iter: int = 0
    #: Whether Ctrl-C or a callback ended it.
    stopped: bool = False

    def begin(self):
        """Start the clock of an epoch."""
        self.started = perf_counter()

    def epoch_done(self, loss, rate=None):
        """Count an epoch of that loss, at that learning rate."""
        self.n_iter += 1
        self.loss = loss
        record = {"epoch": self.n_iter, "loss": np.float64(loss)}
        if rate is not None:
            record["learning_rate"] = rate
        record["seconds"] = perf_counter() - self.started
        self.history.append(record)

    def validated(self, loss, score):
        """Add the validation to the epoch's record."""
        self.history[-1] |= {
            "validation_loss": loss,
            "validation_score": score,
            "seconds": perf_counter() - self.started,
        }

    def tell(self, say, with_rate=False):
        """Say what the epoch came to; the beginning is scikit-learn's line."""
        record = self.history[-1]
        line = f"Iteration {self.n_iter}, loss = {record['loss']:.8f}"
        if "validation_loss" in record:
            line += f", validation loss = {record['validation_loss']:.8f}"
        if with_rate:
            line += f", learning rate = {record['learning_rate']:.3g}"
        say(line)
        if "validation_score" in record:
            say(f"Validation score: {record['validation_score']:f}")

    def curve(self, name):
        """The values of one column of the history."""
        return [record[name] for record in self.history if name in record]
