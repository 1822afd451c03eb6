"""A hundred random kills of a scan of 200 blocks; tests/cli/kill_test.py does ten of them.

    python3 tests/campaign/kill_campaign.py build/release/gluesweep [--kills 100] [--seed N]
"""
import argparse
import os
import pathlib
import random
import shutil
import sys
import tempfile

SOURCE = pathlib.Path(__file__).resolve().parents[2]
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "OMPI_ALLOW_RUN_AS_ROOT": "1",
               "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM": "1", "OMPI_MCA_rmaps_base_oversubscribe": "1",
               "PRTE_MCA_rmaps_default_mapping_policy": ":oversubscribe"}


def options():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("program", type=pathlib.Path, help="the built gluesweep")
    parser.add_argument("--mpiexec", default="mpiexec", help="the launcher of its MPI")
    parser.add_argument("--kills", type=int, default=100)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10**6))
    return parser.parse_args()


def main():
    chosen = options()
    os.environ.update(ENVIRONMENT, GLUESWEEP_PROGRAM=str(chosen.program.resolve()), GLUESWEEP_MPIEXEC=chosen.mpiexec,
                      GLUESWEEP_SOURCE_DIR=str(SOURCE))
    sys.path.insert(0, str(SOURCE / "tests" / "cli"))
    from kills import Campaign, CampaignFailure  # it asks the environment for the program
    print(f"seed {chosen.seed}", flush=True)
    folder = tempfile.mkdtemp(prefix="gluesweep_")
    try:
        campaign = Campaign(folder, chosen.seed, lambda line: print(line, flush=True))
        campaign.run(chosen.kills)
    except CampaignFailure as failure:
        sys.exit(f"{failure}\nseed {chosen.seed}; the files are kept in {folder}")
    print(campaign.table())
    shutil.rmtree(folder)


if __name__ == "__main__":
    main()
