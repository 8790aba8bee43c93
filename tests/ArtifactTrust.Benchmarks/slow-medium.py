#!/usr/bin/python3
"""slow-medium.py disk|network SOURCE MOUNTPOINT: a directory as it would be on a disk that seeks or behind a network. Read-only; ends when unmounted.

disk     one head: 150 MB/s, and 8 ms more for a read that lies more than 1 MiB from where the last one ended. The files lie one after the other in
         the order of their names. Of the requests that wait, the next in the head's direction is served first, as disks and kernels do, and what
         the head has just passed over is in the disk's buffer. What is known of files apart from their bytes costs nothing.
network  2 ms for each request (looking up a name, opening, reading), any number at a time, and 118 MB/s for all of them (1 GbE).

The kernel reads ahead as it does for disks (128 KiB), and keeps nothing of a file that is opened anew. Needs Debian's python3-fusepy.
"""

import errno
import os
import sys
import threading
import time

from fusepy import FUSE, FuseOSError, Operations

NEAR = 1 << 20


class Disk:
    RATE, SEEK = 150e6, 0.008

    def __init__(self, root):
        self.places, end = {}, 0
        paths = (os.path.join(d, f) for d, _, files in os.walk(root) for f in files)
        for path in sorted(paths, key=os.fsencode):
            self.places[path] = end
            end += os.path.getsize(path)
        self.waiting, self.changed, self.seeks = [], threading.Condition(), 0
        threading.Thread(target=self.serve, daemon=True).start()

    def call(self):
        pass

    def read(self, path, offset, length):
        done = threading.Event()
        with self.changed:
            self.waiting.append((self.places[path] + offset, length, done))
            self.changed.notify()
        done.wait()

    def serve(self):
        head, free = 0, time.monotonic()
        while True:
            with self.changed:
                self.changed.wait_for(lambda: self.waiting)
                request = min(self.waiting, key=lambda r: (r[0] < head - NEAR, r[0]))
                self.waiting.remove(request)
            start, length, done = request
            gap = start - head
            if not -NEAR <= gap < 0:
                self.seeks += abs(gap) > NEAR
                free = max(free, time.monotonic()) + (self.SEEK if abs(gap) > NEAR else gap / self.RATE) + length / self.RATE
                head = start + length
            time.sleep(max(0, free - time.monotonic()))
            done.set()


class Network:
    RATE, LATENCY = 118e6, 0.002

    def __init__(self, _):
        self.lock, self.free = threading.Lock(), 0

    def call(self):
        time.sleep(self.LATENCY)

    def read(self, _, __, length):
        with self.lock:
            self.free = max(self.free, time.monotonic()) + length / self.RATE
            end = self.free + self.LATENCY
        time.sleep(max(0, end - time.monotonic()))


class Slow(Operations):
    def __init__(self, root, medium):
        self.root, self.medium = root, medium

    def path(self, name):
        return self.root + name

    def getattr(self, path, fh=None):
        self.medium.call()
        try:
            s = os.lstat(self.path(path))
        except OSError as e:
            raise FuseOSError(e.errno or errno.EIO) from e
        return {k: getattr(s, k) for k in ("st_mode", "st_ino", "st_nlink", "st_uid", "st_gid", "st_size", "st_atime", "st_mtime", "st_ctime")}

    def readdir(self, path, fh):
        self.medium.call()
        return [".", "..", *os.listdir(self.path(path))]

    def open(self, path, flags):
        self.medium.call()
        return os.open(self.path(path), os.O_RDONLY)

    def read(self, path, size, offset, fh):
        data = os.pread(fh, size, offset)
        self.medium.read(self.path(path), offset, len(data))
        return data

    def release(self, path, fh):
        os.close(fh)


kind, source, mountpoint = sys.argv[1:]
source = os.path.realpath(source)
medium = {"disk": Disk, "network": Network}[kind](source)
FUSE(Slow(source, medium), mountpoint, foreground=True, ro=True, use_ino=True, attr_timeout=60, entry_timeout=60)
print(f"{getattr(medium, 'seeks', 0)} seeks", file=sys.stderr)
