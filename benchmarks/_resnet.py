"""ResNets beside plain MLPs of the same shapes, and beside PyTorch."""

from functools import partial
from statistics import median

import numpy as np

from benchmarks import _pytorch
from benchmarks._report import Table, interleaved, ratio, timed
from sknn_scratch import ResNetClassifier, ScratchMLPClassifier

#: Layers, width, batch.
CASES = [(20, 64, 200), (100, 16, 100), (20, 2, 100), (20, 16, 100)]


def table(options, dtype):
    table = Table(
        f"Residual networks, {dtype.__name__}: microseconds a step; ours / the others",
        ("ResNet", "MLP", "torch", "/ MLP", "/ torch"),
        options.markdown,
    )
    for n_layers, width, batch in CASES:
        name = f"K = {n_layers}, width {width}, batch {batch}"
        if options.only not in name:
            continue
        rng = np.random.default_rng(0)
        rows, epochs = 10 * batch, 1 if options.quick else 10
        X = rng.standard_normal((rows, width)).astype(dtype)
        y = rng.integers(10, size=rows)
        common = {"batch_size": batch, "max_iter": epochs, "random_state": 0}
        resnet = ResNetClassifier(n_layers, **common)
        mlp = ScratchMLPClassifier((width,) * n_layers, "tanh", **common)
        runs = [partial(timed, model.fit, X, y) for model in (resnet, mlp)]
        sizes = (*(width,) * (n_layers + 1), 10)
        if _pytorch.torch:
            build = _pytorch.residual
            runs.append(
                partial(_pytorch.seconds, sizes, X, y, batch, epochs, True, build)
            )
        ours, plain, *torch = interleaved(runs, options.repeats)
        steps = 10 * epochs
        micro = [f"{median(t) / steps * 1e6:.0f}" for t in (ours, plain, *torch)]
        table.row(
            name,
            *micro[:2],
            micro[2] if torch else "-",
            f"{ratio(ours, plain):.2f}",
            f"{ratio(ours, torch[0]):.2f}" if torch else "-",
        )
