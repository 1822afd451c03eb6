"""The stored networks, evaluated from the file alone, give the stored coefficient functions."""
import unittest

from program import ProgramTest, need

h5py = need("h5py")
numpy = need("numpy")

ACTIVATIONS = {"tanh": numpy.tanh, "sin": numpy.sin}


def xi_of(parameters, x):
    """The map of one point and patch, as the attribute `xi` of the group says."""
    a, b = parameters[:2]
    terms = parameters[2:].reshape(-1, 3)

    def position(place):
        value = (place - a) / (b - a)
        for c, w, beta in terms:
            first, last = numpy.arcsinh((a - c) / w), numpy.arcsinh((b - c) / w)
            value = value + beta * (numpy.arcsinh((place - c) / w) - first) / (last - first)
        return value

    return 2 * position(x) / position(b) - 1


def features_of(network, trunk, xi):
    """Features (m, F) at xi (m), as the attribute `features` says."""
    act = ACTIVATIONS[network.attrs["activation"]]
    h = act(network[trunk + "slope"][:] * (xi[:, None] - network[trunk + "centre"][:]))
    layer = 2
    while f"{trunk}weight_{layer}" in network:
        h = act(h @ network[f"{trunk}weight_{layer}"][:].T + network[f"{trunk}bias_{layer}"][:])
        layer += 1
    return numpy.column_stack([h, numpy.ones(len(h))]) @ network[trunk + "mixing"][:]


def perceptron(network, column, xi):
    """N (m) at xi (m) and the numbers after the weights, as the attribute `network` says."""
    layers, width = int(network.attrs["L"]), int(network.attrs["H"])
    numbers = iter(column)

    def take(*shape):
        return numpy.array([next(numbers) for _ in range(int(numpy.prod(shape)))]).reshape(shape)

    h = numpy.tanh(numpy.outer(xi, take(width)) + take(width))
    for _ in range(1, layers):
        h = numpy.tanh(h @ take(width, width).T + take(width))
    value = h @ take(width) + take(1)
    return value, list(numbers)


class Networks(ProgramTest):
    ADAM = ("--set", "training.adam={steps: 30, width: 8, layers: 3, points: 16}", "--set", "sweep.samples=3",
            "--max-failed", "1")

    def test_networks_of_adam(self):
        self.call("run", "job.yaml", "-o", "a.h5", "--set", "training.method=adam", *self.ADAM)
        with h5py.File(self.folder / "a.h5", "r") as file:
            network = file["network"]
            x = numpy.log(file["t"][:])
            self.assertEqual(file["iterations"].attrs["long_name"], "steps of Adam")
            for sample in range(3):
                for k, name in enumerate(network["head"].attrs["constants"].split()):
                    parameters = network["map"][sample, k]
                    inside = (x >= parameters[0]) & (x <= parameters[1])
                    xi = xi_of(parameters, x[inside])
                    value, rest = perceptron(network, network["head"][sample, :, k], xi)
                    self.assertEqual(len(rest), 1)
                    scale = numpy.exp(numpy.polynomial.chebyshev.chebval(xi, network["scale"][sample, k]))
                    stored = file[name][sample][inside]
                    error = numpy.abs(rest[0] + scale * value - stored).max()
                    self.assertLessEqual(error, 1e-10 * numpy.abs(stored).max(), f"{name} of sample {sample}")

    def test_networks_without_patches(self):
        self.call("run", "job.yaml", "-o", "a.h5", "--set", "training.method=plain", *self.ADAM)
        with h5py.File(self.folder / "a.h5", "r") as file:
            network = file["network"]
            self.assertEqual(network["head"].attrs["components"], "A")
            x = numpy.log(file["t"][:])
            xi = 2 * (x - x[0]) / (x[-1] - x[0]) - 1
            for sample in range(3):
                value, rest = perceptron(network, network["head"][sample, :, 0], xi)
                base, unit, logarithm = rest
                self.assertEqual(logarithm, 1)
                stored = file["A"][sample]
                self.assertLessEqual(numpy.abs(base * numpy.exp(unit * value) / stored - 1).max(), 1e-10)
        self.assertIn("Adam, 30 steps on networks for the unknowns, no patches, of 3 x 8 neurons",
                      self.call("check", "job.yaml", "--set", "training.method=plain", *self.ADAM[:4]).out)

    def compare(self, path, variable, rescued):
        """Every coefficient of every point inside its region, and which rungs of the ladder occur."""
        with h5py.File(path, "r") as file:
            network = file["network"]
            self.assertEqual(network.attrs["x"], f"log({variable})")
            x = numpy.log(file[variable][:])
            names = network["head"].attrs["constants"].split()
            per_patch = len(names) // len(network["map"].attrs["patches"].split())
            for sample, rescue in enumerate(file["rescue"][:]):
                for k, name in enumerate(names):
                    parameters = network["map"][sample, k // per_patch]
                    inside = (x >= parameters[0]) & (x <= parameters[1])
                    self.assertTrue(inside.any(), name)
                    xi = xi_of(parameters, x[inside])
                    features = features_of(network, "trunk_" if rescue == 0 else "rescue_trunk_", xi)
                    head = network["head"][sample, :, k]
                    self.assertTrue((head[features.shape[1]:] == 0).all())
                    scale = numpy.exp(numpy.polynomial.chebyshev.chebval(xi, network["scale"][sample, k]))
                    stored = file[name][sample][inside]
                    error = numpy.abs(scale * (features @ head[:features.shape[1]]) - stored).max()
                    self.assertLessEqual(error, 1e-10 * numpy.abs(stored).max(), f"{name} of sample {sample}")
            self.assertLessEqual(set(file["rescue"][:]), set(rescued))

    def test_first_attempts(self):
        self.call("run", "job.yaml", "-o", "a.h5")
        self.compare(self.folder / "a.h5", "t", [0])

    def test_two_layers_of_sines(self):
        self.call("run", "job.yaml", "-o", "a.h5", "--set", "network.layers=2", "--set", "network.activation=sine",
                  "--set", "training.tolerance=0.5", "--set", "sweep.samples=4")
        self.compare(self.folder / "a.h5", "t", [0])

    def test_rescued_points(self):
        self.call("run", "job.yaml", "-o", "a.h5", "--set", "network={features: 24, elements: 8}",
                  "--set", "training.tolerance=1e-9", "--max-failed", "1")
        self.compare(self.folder / "a.h5", "t", [1, 2])


if __name__ == "__main__":
    unittest.main()
