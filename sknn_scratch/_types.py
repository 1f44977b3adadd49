"""The types of the public API."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike
from scipy import sparse

from sknn_scratch._nn.activations import Activation

#: Rows: an array, a data frame, a sparse matrix.
MatrixLike: TypeAlias = ArrayLike | sparse.spmatrix | sparse.sparray
#: Batches (X, y) or (X, y, sample_weight), or a function that returns them.
Batchwise: TypeAlias = Iterable[Any] | Callable[[], Iterable[Any]]
#: One activation by name or as an object, or one for each hidden layer.
ActivationLike: TypeAlias = str | Activation | Sequence[str | Activation]
#: One number, or one for each hidden layer.
PerLayer: TypeAlias = float | Sequence[float] | np.ndarray
RandomState: TypeAlias = int | np.random.RandomState | None
#: A scorer's name, or ``scorer(estimator, X, y)``.
Scoring: TypeAlias = str | Callable[..., float] | None
ClassWeight: TypeAlias = dict[Any, float] | list[dict[Any, float]] | str | None

Function = TypeVar("Function", bound=Callable[..., Any])


def typed(decorator: Any) -> Callable[[Function], Function]:
    """Let a decorator of scikit-learn's, which has no types, keep the function's."""
    return decorator
