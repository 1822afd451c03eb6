"""Rows of large HDF5 datasets, read lazily and without ever holding a whole dataset."""
from __future__ import annotations

from typing import Any

import h5py
import numpy as np
from xarray.backends import BackendArray
from xarray.core import indexing

SLAB_BYTES = 64 << 20
DENSE = 16  # all rows of a stretch are read if at least one in so many is wanted


def read_rows(dataset: h5py.Dataset, rows: np.ndarray) -> np.ndarray:
    """Rows in any order. HDF5's own selection of many rows takes minutes."""
    unique, inverse = np.unique(np.asarray(rows, dtype=np.int64), return_inverse=True)
    if unique.size == 0:
        return dataset[:0]
    row_bytes = max(1, dataset.dtype.itemsize * int(np.prod(dataset.shape[1:], dtype=np.int64)))
    at_once = max(1, SLAB_BYTES // row_bytes)
    parts = []
    begin = 0
    while begin < unique.size:
        first = int(unique[begin])
        end = int(np.searchsorted(unique, first + at_once))
        wanted = unique[begin:end]
        if wanted.size * DENSE > wanted[-1] - first:
            parts.append(dataset[first:int(wanted[-1]) + 1][wanted - first])
        else:
            parts.append(np.stack([dataset[int(row)] for row in wanted]))
        begin = end
    return np.concatenate(parts)[inverse]


class LazyRows(BackendArray):
    """A dataset as xarray's lazy arrays want it."""

    def __init__(self, dataset: h5py.Dataset) -> None:
        self.dataset = dataset
        self.shape = dataset.shape
        self.dtype = dataset.dtype

    def __getitem__(self, key: indexing.ExplicitIndexer) -> np.ndarray:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.OUTER, self._read)

    def _read(self, key: tuple[Any, ...]) -> np.ndarray:
        if all(not isinstance(part, np.ndarray) and (not isinstance(part, slice) or (part.step or 1) > 0)
               for part in key):
            return np.asarray(self.dataset[key])
        first, *rest = key
        rows = np.arange(self.shape[0])[first]
        found = read_rows(self.dataset, np.atleast_1d(rows))
        for axis, part in enumerate(rest, start=1):
            found = found[(slice(None),) * axis + (np.atleast_1d(np.arange(self.shape[axis])[part]),)]
        single = tuple(axis for axis, part in enumerate(key) if isinstance(part, (int, np.integer)))
        return np.squeeze(found, axis=single) if single else found


def lazy(dataset: h5py.Dataset) -> indexing.LazilyIndexedArray:
    return indexing.LazilyIndexedArray(LazyRows(dataset))
