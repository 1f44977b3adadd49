"""Initial weights: name -> draws.

Every entry is called as ``draw(random_state, fan_in, fan_out, activation)`` and returns
the weights (fan_in, fan_out) and the intercepts (fan_out,) of one layer in float64; the
network casts them. Drawing in float64 keeps float32 and float64 fits on the same random
numbers.
"""

import numpy as np


def glorot_uniform(random_state, fan_in, fan_out, activation):
    """U(-b, b) with b = sqrt(6 / (fan_in + fan_out)), 2 instead of 6 for logistic.

    Glorot and Bengio (2010). Weights are drawn first, then intercepts, from the same
    distribution: scikit-learn's draws in scikit-learn's order.
    """
    bound = np.sqrt(activation.glorot_factor / (fan_in + fan_out))
    W = random_state.uniform(-bound, bound, (fan_in, fan_out))
    b = random_state.uniform(-bound, bound, fan_out)
    return W, b


INITIALIZERS = {"glorot_uniform": glorot_uniform}
