"""kill -9 of one rank, of the launcher or of everything, at random moments: nothing that was done is lost or wrong."""
import os
import random
import tempfile
import unittest

from kills import Campaign


class Kills(unittest.TestCase):
    def test_ten_kills(self):
        seed = int(os.environ.get("GLUESWEEP_KILL_SEED", random.SystemRandom().randrange(10**6)))
        print(f"GLUESWEEP_KILL_SEED={seed}", flush=True)
        with tempfile.TemporaryDirectory(prefix="gluesweep_") as folder:
            campaign = Campaign(folder, seed)
            campaign.run(10)
            print(campaign.table())


if __name__ == "__main__":
    unittest.main()
