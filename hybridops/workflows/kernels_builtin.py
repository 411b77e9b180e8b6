"""Tables that come installed: two classes of well-known data sets, from scikit-learn's package data."""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

from hybridops.domain.errors import BadInput

_MEASURES = (
    "radius", "texture", "perimeter", "area", "smoothness", "compactness", "concavity", "concave points", "symmetry",
    "fractal dimension",
)  # fmt: skip
_SIDE = 8  # pixels of a digit


def breast_cancer() -> bytes:
    """569 tumours by 30 measures of their cell nuclei (Wolberg, Street, Mangasarian 1995)."""
    head = [f"{kind} {measure}" for kind in ("mean", "error of", "worst") for measure in _MEASURES]
    rows = [line.split(",") for line in _text("breast_cancer.csv").splitlines()[1:]]
    named = [[*row[:-1], ("malignant", "benign")[int(row[-1])]] for row in rows]
    return _csv("Breast cancer, Wisconsin", [*head, "diagnosis"], named)


def iris() -> bytes:
    """The two kinds of iris that overlap, 50 flowers each (Fisher 1936)."""
    head = ("sepal length", "sepal width", "petal length", "petal width", "kind")
    rows = [line.split(",") for line in _text("iris.csv").splitlines()[1:]]
    named = [[*row[:-1], ("versicolor", "virginica")[int(row[-1]) - 1]] for row in rows if row[-1] != "0"]
    return _csv("Iris versicolor and virginica", head, named)


def digits() -> bytes:
    """Handwritten 3 and 8 as 8 x 8 pixels (Alpaydin, Kaynak 1998), without the pixels that are always the same."""
    rows = [line.split(",") for line in _text("digits.csv.gz").splitlines()]
    rows = [[f"{float(value):g}" for value in row] for row in rows]
    rows = [row for row in rows if row[-1] in ("3", "8")]
    varied = [at for at in range(_SIDE * _SIDE) if len({row[at] for row in rows}) > 1]
    head = [*(f"row {at // _SIDE} column {at % _SIDE}" for at in varied), "digit"]
    return _csv("Handwritten 3 and 8", head, [[*(row[at] for at in varied), row[-1]] for row in rows])


def _csv(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    lines = [f"# {title}", ",".join(head), *(",".join(row) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def _text(name: str) -> str:
    """A file of scikit-learn's, without importing it: that takes a second, and pages offer these data."""
    spec = find_spec("sklearn")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder) / "datasets" / "data" / name
        if path.is_file():
            return (
                gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
            ).decode()
    raise BadInput("the table comes with scikit-learn, which is not installed here")
