"""A sample of the campaign of bad input (bad_input.py), for ctest: SANITIZED PROGRAM, or PROGRAM where it is not built."""
import os
import pathlib
import sys

CASES = "60"


def main():
    sanitized, plain = map(pathlib.Path, sys.argv[1:3])
    arguments = ["--cases", CASES]
    if sanitized.exists():
        arguments += ["--program", str(sanitized)]
    else:
        print(f"NOT SANITIZED: {sanitized} is not built (tests/run.sh builds it); memory errors go unseen", flush=True)
        arguments += ["--program", str(plain), "--plain"]
    campaign = pathlib.Path(__file__).with_name("bad_input.py")
    os.execv(sys.executable, [sys.executable, str(campaign), *arguments])


if __name__ == "__main__":
    main()
