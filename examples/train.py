#!/usr/bin/env python3
"""train.py DATASET.csv OUT.onnx: fit log2(seconds) = w1 * log2(bytes) + w2 * log2(chunk_bytes) + b, and write it as ONNX.

Standard library only: least squares by the normal equations, and the few protobuf messages of ONNX written by hand.
The same dataset gives the same bytes.
"""
import csv
import math
import struct
import sys


def fit(rows):
    """Least squares over (x1, x2, y): returns w1, w2, b."""
    a = [[0.0] * 4 for _ in range(3)]
    for x1, x2, y in rows:
        v = (x1, x2, 1.0, y)
        for i in range(3):
            for j in range(4):
                a[i][j] += v[i] * v[j]
    for i in range(3):
        pivot = max(range(i, 3), key=lambda r: abs(a[r][i]))
        a[i], a[pivot] = a[pivot], a[i]
        a[i] = [value / a[i][i] for value in a[i]]
        for r in range(3):
            if r != i:
                a[r] = [value - a[r][i] * other for value, other in zip(a[r], a[i])]
    return [a[i][3] for i in range(3)]


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, value):
    """One protobuf field: an int as a varint, text or bytes with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    data = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(data)) + data


def tensor(name, dims, values):
    return b"".join(field(1, d) for d in dims) + field(2, 1) + field(8, name) + field(9, struct.pack(f"<{len(values)}f", *values))


def value_info(name, dims):
    shape = b"".join(field(1, field(2, d) if isinstance(d, str) else field(1, d)) for d in dims)
    return field(1, name) + field(2, field(1, field(1, 1) + field(2, shape)))


def onnx(w1, w2, b):
    node = field(1, "features") + field(1, "weights") + field(1, "bias") + field(2, "log2_seconds") + field(3, "linear") + field(4, "Gemm")
    graph = (
        field(1, node)
        + field(2, "hash_time")
        + field(5, tensor("weights", [2, 1], [w1, w2]))
        + field(5, tensor("bias", [1], [b]))
        + field(10, "log2 of the seconds that SHA-256 takes, from log2 of the bytes and of the chunk")
        + field(11, value_info("features", ["n", 2]))
        + field(12, value_info("log2_seconds", ["n", 1]))
    )
    metadata = field(1, "dataset") + field(2, "hash-timings.csv")
    return (
        field(1, 8)
        + field(2, "artifact-trust-example")
        + field(3, "1.0")
        + field(5, 1)
        + field(7, graph)
        + field(8, field(1, "") + field(2, 13))
        + field(14, metadata)
    )


with open(sys.argv[1], newline="") as source:
    rows = [(math.log2(int(r["bytes"])), math.log2(int(r["chunk_bytes"])), math.log2(float(r["seconds"]))) for r in csv.DictReader(source)]
with open(sys.argv[2], "wb") as target:
    target.write(onnx(*fit(rows)))
