"""Makes the archives beside this file. Needs 7zz 26.02, bsdtar 3.6.2 and py7zr 0.11.3 with zstandard; the command in evil.pkl does nothing, and nothing is loaded by tests.

The file `code` has branches as programs for several processors have them, so that each filter changes some of its bytes."""

import os
import pathlib
import struct
import subprocess
import tempfile

import py7zr

here = pathlib.Path(__file__).resolve().parent
little, big = "<I", ">I"
code = [
    (little, 0xEB000123, 0xE1A00000, 0xEBFFFFF0),  # ARM
    (little, 0xF802F001, 0xFFFEF7FF, 0xBF00BF00),  # Thumb
    (little, 0x94000123, 0x90000400, 0xB0FFFFE1, 0x97FFFFF0),  # ARM64
    (big, 0x48000121, 0x60000000, 0x4BFFFFF1),  # PowerPC
    (big, 0x40000123, 0x01000000, 0x7FFFFFF0),  # SPARC
]
content = bytearray(b"code of no system:\n\0".ljust(32, b"\0"))
for order, *words in code:
    content += b"".join(struct.pack(order, w) for w in words)
content += bytes(-len(content) % 16)
for slots in ((2,), (0, 1, 2)):  # IA-64
    bundle = {1: 0x10, 3: 0x16}[len(slots)]
    for slot in slots:
        bundle |= (5 << 37 | 0x123 << 13) << (5 + 41 * slot)
    content += (bundle & (1 << 128) - 1).to_bytes(16, "little")
content += bytes.fromhex("e8000100009090e9f0ffffff90e8e8e810000000ff90e9e8e90000000012e8e9ff000000")  # x86
files = {
    "evil.pkl": b"cos\nsystem\n(S'true'\ntR.",
    "ok.pkl": b"\x80\x04}\x94\x8c\x01a\x94K\x01s.",
    "code": bytes(content),
}
with tempfile.TemporaryDirectory() as directory:
    os.chdir(directory)
    for name, data in files.items():
        pathlib.Path(name).write_bytes(data)
        os.utime(name, (1_700_000_000, 1_700_000_000))

    def seven(name, *options):
        target = here / f"7zz-{name}.7z"
        target.unlink(missing_ok=True)
        subprocess.run(["7zz", "a", "-bso0", "-mmt=1", *options, target, *files], check=True)

    for method in ("Copy", "LZMA", "LZMA2", "Deflate", "BZip2", "Deflate64", "PPMd"):
        seven(method.lower(), f"-m0={method}")
    for filter in ("BCJ", "ARM", "ARMT", "ARM64", "PPC", "SPARC", "IA64", "RISCV", "Delta:4", "Swap2"):
        seven(filter.lower().replace(":", ""), f"-m0={filter}", "-m1=LZMA2")
    seven("mark", "-m0=LZMA:eos=on:lc=4:lp=2:pb=1")
    seven("each", "-ms=off", "-mhc=off")
    seven("bcj2", "-m0=BCJ2", "-m1=LZMA", "-m2=LZMA", "-m3=LZMA", "-mb0:1", "-mb0s1:2", "-mb0s2:3")
    seven("twice", "-m0=LZMA2", "-m1=Deflate")
    seven("encrypted", "-psecret")
    seven("encrypted-list", "-psecret", "-mhe=on")
    for method in ("store", "deflate", "bzip2", "lzma1", "lzma2"):
        target = here / f"bsdtar-{method}.7z"
        subprocess.run(["bsdtar", "-cf", target, "--format", "7zip", "--options", f"7zip:compression={method}", *files], check=True)
    for name, filters in (("default", None), ("zstd", [{"id": py7zr.FILTER_ZSTD, "level": 3}])):
        with py7zr.SevenZipFile(here / f"py7zr-{name}.7z", "w", filters=filters) as archive:
            for file in files:
                archive.write(file)
