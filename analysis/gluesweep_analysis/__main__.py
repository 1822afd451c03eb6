"""python3 -m gluesweep_analysis: reports on scans, training sets from them, pictures of trunks."""
from __future__ import annotations

import argparse
import pathlib
import sys

import numpy as np

from . import export as exporting
from . import open_scan
from .errors import AnalysisError


def info(path: str) -> None:
    """What a file holds, in some lines."""
    with open_scan(path) as scan:
        status = np.asarray(scan["status"])
        print(f"{scan.problem.name}: {len(scan):,} points over {', '.join(scan.parameters) or 'nothing'}")
        meanings = str(scan["status"].attrs["flag_meanings"]).split()
        for code, meaning in zip(np.atleast_1d(scan["status"].attrs["flag_values"]), meanings):
            if (status == code).any():
                print(f"  {meaning:<18} {int((status == code).sum()):,}")
        print()
        for name, variable in scan.dataset.variables.items():
            unit = variable.attrs.get("units", "1")
            dimensions = ", ".join(str(size) for size in variable.shape)
            print(f"  {str(name):<32} ({dimensions})  {variable.attrs.get('long_name', '')}"
                  + ("" if unit == "1" else f" [{unit}]"))


def report(path: str, output: str | None) -> None:
    from .report import StderrProgress, build  # matplotlib takes a second, which `info` need not

    target = pathlib.Path(output) if output else pathlib.Path(path).with_suffix(".html")
    progress = StderrProgress()
    try:
        with open_scan(path) as scan:
            text = build(scan, progress)
    finally:
        progress.close()
    try:
        target.write_text(text, encoding="utf-8")
    except OSError as error:
        raise AnalysisError(f"cannot write '{target}': {error}") from None
    print(f"wrote {target} ({len(text) / 1e6:.1f} MB)")


def export(arguments: argparse.Namespace) -> None:
    with open_scan(arguments.file) as scan:
        target = arguments.output or f"{pathlib.Path(arguments.file).stem}_{arguments.to}"
        done = exporting.export(scan, arguments.to, target, arguments.quantity, max_error=arguments.max_error,
                                test=arguments.test, log10=arguments.log10)
        print(f"{done.train:,} points to train on and {done.test:,} to test on, of {len(scan):,}")
        for path in done.files:
            print(f"  {path}")


def trunk(path: str, output: str | None) -> None:
    from .trunk import save_picture

    print(f"wrote {save_picture(path, output)}")


def main() -> int:
    parser = argparse.ArgumentParser(prog="gluesweep_analysis", description="Looks at gluesweep's sweep files.")
    commands = parser.add_subparsers(dest="command", required=True)
    making = commands.add_parser("report", help="one self-contained HTML page about a scan")
    making.add_argument("file", help="sweep file (HDF5)")
    making.add_argument("-o", "--output", help="page to write (default: FILE with .html)")
    telling = commands.add_parser("info", help="status counts and variables of a scan")
    telling.add_argument("file", help="sweep file (HDF5)")
    giving = commands.add_parser("export", help="a training and a test set for other emulators")
    giving.add_argument("file", help="sweep file (HDF5)")
    giving.add_argument("--to", required=True, choices=list(exporting.FORMATS), help="whose format")
    giving.add_argument("-o", "--output", help="folder to write into (default: FILE's name and the format)")
    giving.add_argument("--quantity", nargs="+", default=[], metavar="NAME",
                        help="unknowns, derived quantities, limits or crossovers (default: cosmopower and globalemu, which "
                             "learn curves, the first unknown; the others all derived quantities)")
    giving.add_argument("--log10", nargs="+", default=[], metavar="NAME",
                        help="parameters and quantities to give as decadic logarithms")
    giving.add_argument("--max-error", type=float, default=1.0e-6, help="largest estimated error (default: 1e-6)")
    giving.add_argument("--test", type=float, default=0.1, help="share of the points held out (default: 0.1)")
    drawing = commands.add_parser("trunk", help="a picture of what 'gluesweep diagnose' found out")
    drawing.add_argument("file", help="file that 'gluesweep diagnose -o' wrote")
    drawing.add_argument("-o", "--output", help="picture to write (default: FILE with .png)")
    arguments = parser.parse_args()
    try:
        if arguments.command == "info":
            info(arguments.file)
        elif arguments.command == "export":
            export(arguments)
        elif arguments.command == "trunk":
            trunk(arguments.file, arguments.output)
        else:
            report(arguments.file, arguments.output)
    except AnalysisError as error:
        print(f"gluesweep_analysis: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
