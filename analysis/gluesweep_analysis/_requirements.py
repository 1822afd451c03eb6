"""Missing modules are named together with the Debian packages that have them."""
import importlib.util
import sys

APT = {"numpy": "python3-numpy", "h5py": "python3-h5py", "xarray": "python3-xarray", "matplotlib": "python3-matplotlib",
       "yaml": "python3-yaml", "scipy": "python3-scipy"}


def missing() -> list[str]:
    return [name for name in APT if importlib.util.find_spec(name) is None]


def remedy(names: list[str]) -> str:
    return (f"{sys.executable} has no module {', '.join(names)}. Install with\n"
            f"  apt-get install {' '.join(APT.get(name, f'python3-{name}') for name in names)}\n"
            "and use the system's interpreter, /usr/bin/python3; or install into this one with pip install ./analysis")
