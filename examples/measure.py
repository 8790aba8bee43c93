#!/usr/bin/env python3
"""measure.py OUT.csv: time SHA-256 over buffers of several sizes; a row a measurement. This made dataset/hash-timings.csv."""
import csv
import hashlib
import os
import sys
import time

with open(sys.argv[1], "w", newline="") as out:
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(["bytes", "chunk_bytes", "run", "seconds"])
    for power in range(12, 26):
        data = os.urandom(1 << power)
        for chunk_power in (12, 16, 20):
            chunk = min(1 << chunk_power, len(data))
            for run in range(1, 6):
                start = time.perf_counter()
                state = hashlib.sha256()
                for at in range(0, len(data), chunk):
                    state.update(data[at : at + chunk])
                state.hexdigest()
                rows.writerow([len(data), chunk, run, f"{time.perf_counter() - start:.9f}"])
