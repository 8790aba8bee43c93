#!/usr/bin/env python3
"""Writes a small Trivy database of invented advisories: db/trivy.db and db/metadata.json.

    python3 make_db.py [FOLDER]      (the folder of this script, if none is given)

Nothing but Python's standard library is needed. The output is the same on every run.

The file format is that of bbolt, as far as a database needs it that is written once:

  file    = page 0 (meta), page 1 (meta), page 2 (free list, empty), then the buckets' pages; 4096 bytes each
  page    = id u64, flags u16, count u16, overflow u32, then its content; a longer page takes `overflow` more
  meta    = magic u32, version u32, page size u32, flags u32, root bucket's page u64, its sequence u64,
            free list's page u64, number of pages u64, transaction u64, FNV-1a 64 of all before
  leaf    = `count` elements {flags u32, position u32 counted from the element, key size u32, value size u32},
            then keys and values; keys are in byte order; flag 1 says that the value is a bucket
  bucket  = page u64, sequence u64

All numbers are little-endian. Trivy reads these buckets:

  data-source    / ecosystem bucket's name      -> who says so
  vulnerability  / advisory                     -> title, severity, scores
  debian 12      / source package / advisory    -> the version that fixes it, or a status and a severity
  pip::NAME      / package / advisory           -> the versions that are affected, and fixed
"""

import json
import os
import struct
import sys

PAGE = 4096
LEAF, META, FREE_LIST = 0x02, 0x04, 0x10
IS_BUCKET = 1

SOURCES = {
    "pip::ArtifactTrust demo": ("artifact-trust-demo", "ArtifactTrust demo advisories (invented)"),
    "debian 12": ("debian", "ArtifactTrust demo advisories (invented)"),
}

# advisory: title, severity (1 low to 4 critical), CVSS 3 score
ADVISORIES = {
    "CVE-2099-0001": ("DEMO, NOT REAL: pillow runs code while it decodes an image", 4, 9.8),
    "CVE-2099-0002": ("DEMO, NOT REAL: PyYAML constructs any object from a document", 3, 8.1),
    "CVE-2099-0003": ("DEMO, NOT REAL: pillow reads beyond the end of a truncated image", 2, 5.3),
    "CVE-2099-0004": ("DEMO, NOT REAL: PyYAML takes long for documents with many anchors", 1, 3.1),
    "CVE-2099-0005": ("DEMO, NOT REAL: the demonstration server answers slowly to long requests", 2, 5.0),
    "CVE-2099-0006": ("DEMO, NOT REAL: the demonstration server tells its version", 1, 2.0),
    "CVE-2099-0101": ("DEMO, NOT REAL: zlib writes beyond the end of a buffer", 4, 9.1),
    "CVE-2099-0102": ("DEMO, NOT REAL: openssl accepts a certificate it should refuse", 3, 7.4),
    "CVE-2099-0103": ("DEMO, NOT REAL: openssl leaks the length of a secret", 1, 2.7),
    "DEMO-2099-0001": ("DEMO, NOT REAL: an advisory that is no CVE", 2, 4.4),
}

PIP = {
    "pillow": {
        "CVE-2099-0001": ("< 10.0.1", "10.0.1"),
        "CVE-2099-0003": ("< 10.3.0", "10.3.0"),
        "DEMO-2099-0001": ("< 11.0.0", "11.0.0"),
    },
    "pyyaml": {
        "CVE-2099-0002": ("< 5.4", "5.4"),
        "CVE-2099-0004": ("< 6.0", None),
    },
    # Made up altogether: the package of the quickstart's image.
    "artifact-trust-demo-server": {
        "CVE-2099-0005": ("< 2.0", "2.0"),
        "CVE-2099-0006": ("< 3.0", None),
    },
}

# Debian names source packages. Without a fixed version there is a status (2: affected) and a severity.
DEBIAN = {
    "zlib": {"CVE-2099-0101": "1:1.2.13.dfsg-2"},
    "openssl": {"CVE-2099-0102": "3.0.99-1~deb12u1", "CVE-2099-0103": None},
}

SEVERITIES = {1: "LOW", 2: "MEDIUM", 3: "HIGH", 4: "CRITICAL"}
VECTOR = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H"

# Long ago on purpose: a database this old is refused unless the reader says that any age will do.
UPDATED = "2020-01-01T00:00:00Z"


def content():
    """The buckets: names to buckets, or to what is stored."""
    root = {"data-source": {}, "vulnerability": {}, "debian 12": {}}
    for bucket, (identifier, name) in SOURCES.items():
        root["data-source"][bucket] = {"ID": identifier, "Name": name, "URL": "https://example.invalid/demo"}
    for advisory, (title, severity, score) in ADVISORIES.items():
        root["vulnerability"][advisory] = {
            "Title": title,
            "Description": title + ". This advisory is invented and describes no real software.",
            "Severity": SEVERITIES[severity],
            "VendorSeverity": {"nvd": severity},
            "CVSS": {"nvd": {"V3Vector": VECTOR, "V3Score": score}},
            "References": ["https://example.invalid/demo/" + advisory],
            "PublishedDate": "2099-01-01T00:00:00Z",
            "LastModifiedDate": "2099-01-01T00:00:00Z",
        }
    pip = root["pip::ArtifactTrust demo"] = {}
    for package, advisories in PIP.items():
        pip[package] = {
            advisory: {"VulnerableVersions": [affected], "PatchedVersions": [fixed] if fixed else []}
            for advisory, (affected, fixed) in advisories.items()
        }
    for package, advisories in DEBIAN.items():
        root["debian 12"][package] = {
            advisory: {"FixedVersion": fixed} if fixed else {"Severity": ADVISORIES[advisory][1], "Status": 2}
            for advisory, fixed in advisories.items()
        }
    return root


def is_bucket(value):
    # What is stored has members with capital letters; names of packages and advisories lead to dictionaries.
    return isinstance(value, dict) and all(isinstance(v, dict) for v in value.values()) and not is_record(value)


def is_record(value):
    return any(k in value for k in ("ID", "Title", "VulnerableVersions", "FixedVersion", "Status"))


class Writer:
    def __init__(self):
        self.pages = {}
        self.next = 3

    def bucket(self, entries):
        """Writes a bucket, those in it first, and returns the number of its page."""
        elements = []
        for key, value in entries.items():
            if is_bucket(value):
                elements.append((key.encode(), IS_BUCKET, struct.pack("<QQ", self.bucket(value), 0)))
            else:
                elements.append((key.encode(), 0, json.dumps(value, separators=(",", ":")).encode()))
        elements.sort()
        heads, bodies = b"", b""
        for i, (key, flags, value) in enumerate(elements):
            position = (len(elements) - i) * 16 + len(bodies)
            heads += struct.pack("<IIII", flags, position, len(key), len(value))
            bodies += key + value
        return self.page(LEAF, len(elements), heads + bodies)

    def page(self, flags, count, body):
        pages = (16 + len(body) + PAGE - 1) // PAGE
        number, self.next = self.next, self.next + pages
        self.put(number, flags, count, body, pages)
        return number

    def put(self, number, flags, count, body, pages=1):
        page = struct.pack("<QHHI", number, flags, count, pages - 1) + body
        self.pages[number] = page.ljust(pages * PAGE, b"\0")

    def file(self, root):
        top = self.bucket(root)
        for number in (0, 1):
            meta = struct.pack("<IIIIQQQQQ", 0xED0CDAED, 2, PAGE, 0, top, 0, 2, self.next, number)
            self.put(number, META, 0, meta + struct.pack("<Q", fnv1a(meta)))
        self.put(2, FREE_LIST, 0, b"")
        return b"".join(self.pages[n] for n in sorted(self.pages))


def fnv1a(data):
    value = 0xCBF29CE484222325
    for byte in data:
        value = (value ^ byte) * 0x100000001B3 % (1 << 64)
    return value


def main():
    folder = os.path.join(sys.argv[1] if len(sys.argv) > 1 else os.path.dirname(os.path.abspath(__file__)), "db")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "trivy.db"), "wb") as file:
        file.write(Writer().file(content()))
    with open(os.path.join(folder, "metadata.json"), "w") as file:
        json.dump({"Version": 2, "NextUpdate": UPDATED, "UpdatedAt": UPDATED, "DownloadedAt": UPDATED}, file)
        file.write("\n")


if __name__ == "__main__":
    main()
