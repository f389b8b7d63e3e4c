"""The machines that look for faults: each draws cases from a seed, examines them, and makes what fails small.

`python -m tests.fuzz.networks --seconds 600 --seed 7` runs one by hand; `machine.py` says what a machine is.
"""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # before torch is there: several machines run side by side
