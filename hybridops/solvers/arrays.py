"""The only place that knows CuPy: which array library runs, on what device, and the way back to NumPy."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np
import numpy.typing as npt

# An array of whichever library `xp` is. CuPy ships no types and the Array API standard none to import.
type Array = Any

_WRITES_IN_PLACE = ("numpy", "cupy")


def array_module(prefer_gpu: bool = True) -> tuple[Any, str]:
    """The array library and the device that will really run, with the reason where a GPU was wanted.

    Never raises: a missing CuPy, driver or device means NumPy.
    """
    if not prefer_gpu:
        return np, "CPU"
    try:
        cupy = import_module("cupy")
        if not cupy.is_available():
            return np, "CPU (no CUDA device)"
        name = cupy.cuda.runtime.getDeviceProperties(0)["name"]
        return cupy, f"GPU {name.decode()}"
    except ImportError:
        return np, "CPU (CuPy is not installed)"
    except Exception as problem:  # a broken driver or toolkit raises CuPy's own errors, of many kinds
        return np, f"CPU (CuPy failed: {type(problem).__name__})"


def to_numpy(array: Array) -> npt.NDArray[Any]:
    """The same values as a NumPy array in host memory."""
    return np.asarray(array.get() if hasattr(array, "get") else array)


def write(xp: Any, function: str, *arguments: Array, out: Array) -> None:
    """out[...] = xp.function(*arguments), without a temporary where the library can (the standard cannot)."""
    if xp.__name__ in _WRITES_IN_PLACE:
        getattr(xp, function)(*arguments, out=out)
    else:
        out[...] = getattr(xp, function)(*arguments)
