"""Fits a Gaussian process of scikit-learn to a derived quantity: gaussian_process.py FILE QUANTITY [LARGEST ERROR]."""
import sys

import numpy as np
from gluesweep_analysis import open_scan
from gluesweep_analysis.export import training_set
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import RBF, ConstantKernel

path, quantity, max_error = (*sys.argv[1:], "1e-6")[:3]
with open_scan(path) as scan:
    logarithms = [quantity, *(name for name in scan.parameters if scan.is_log(name))]
    data = training_set(scan, [quantity], max_error=float(max_error), log10=logarithms)
x, y, train = data.inputs, data.quantities[0].values[:, 0], np.flatnonzero(~data.test)[:512]  # time grows with the cube
kernel = ConstantKernel(10.0, (1e-2, 1e4)) * RBF(np.ones(x.shape[1]), (1e-2, 1e3))
process = GaussianProcessRegressor(kernel, alpha=1e-8, normalize_y=True, random_state=0).fit(x[train], y[train])
error = np.abs(process.predict(x[data.test]) - y[data.test]) * np.log(10.0)
print(f"{quantity}: relative error on {error.size} points held out: median {np.median(error):.1e}, largest {error.max():.1e}")
