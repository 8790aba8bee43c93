"""Makes the samples beside this file. Needs numpy, joblib, lz4, h5py and scikit-learn; nothing here is malicious, and nothing is loaded by tests."""

import bz2
import ctypes
import json
import lzma
import pickle

import h5py
import joblib
import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

rng = np.random.default_rng(1)
values = {"a": np.arange(6.0).reshape(2, 3), "b": np.array(["x", None], dtype=object), "w": rng.standard_normal(3000), "z": np.zeros(20000)}
joblib.dump(values, "values.joblib")
for method, extension in (("zlib", "z"), ("gzip", "gz"), ("bz2", "bz2"), ("xz", "xz"), ("lzma", "lzma"), ("lz4", "lz4")):
    joblib.dump(values, f"values.joblib.{extension}", compress=(method, 3))

x = rng.standard_normal((60, 4))
y = (x[:, 0] > 0).astype(int)
for name, model in (("forest", RandomForestClassifier(3)), ("pipeline", make_pipeline(StandardScaler(), LogisticRegression()))):
    model.fit(x, y)
    joblib.dump(model, f"{name}.joblib")
    with open(f"{name}.pkl", "wb") as file:
        pickle.dump(model, file)

small = pickle.dumps({"text": "a" * 300, "numbers": list(range(100))}, 4)
for name, content in (("bz2", bz2.compress(small, 1)), ("xz", lzma.compress(small, preset=0)), ("lzma", lzma.compress(small, lzma.FORMAT_ALONE, preset=0))):
    with open(f"small.pkl.{name}", "wb") as file:
        file.write(content)


def config(layer):
    return json.dumps({"class_name": "Sequential", "config": {"name": "s", "layers": [layer]}})


dense = config({"class_name": "Dense", "config": {"name": "l", "units": 4}})
code = config({"class_name": "Lambda", "config": {"name": "l", "function": ["4wEAAA==", None, None]}})
for version in ("earliest", "latest"):
    for name, text in (("dense", dense), ("lambda", code)):
        with h5py.File(f"{name}-{version}.h5", "w", libver=version) as file:
            file.attrs["keras_version"] = "2.15.0"
            file.attrs["model_config"] = text
            file.attrs["training_config"] = json.dumps({"loss": "mse"})
            group = file.create_group("model_weights")
            for i in range(3):
                layer = group.create_group(f"dense_{i}")
                layer.attrs["weight_names"] = [b"kernel:0"]
                layer.create_dataset("kernel", data=np.ones((4, 4), "f4"), chunks=(2, 2), compression="gzip")
    with h5py.File(f"fixed-{version}.h5", "w", libver=version) as file:
        file.attrs["model_config"] = np.bytes_(code)
    with h5py.File(f"link-{version}.h5", "w", libver=version) as file:
        file["x"] = h5py.ExternalLink("/etc/other.h5", "/y")
    with h5py.File(f"outside-{version}.h5", "w", libver=version) as file:
        file.create_dataset("d", (4,), "f4", external=[("/etc/passwd", 0, 16)])
with h5py.File("many-latest.h5", "w", libver="latest") as file:
    for i in range(30):
        file.create_group(f"g{i}")
with h5py.File("virtual-latest.h5", "w", libver="latest") as file:
    layout = h5py.VirtualLayout(shape=(4,), dtype="f4")
    layout[:] = h5py.VirtualSource("/tmp/other.h5", "d", shape=(4,))
    file.create_virtual_dataset("v", layout)


# What the library keeps in heaps: more than eight links or attributes of an object, and attributes over 4 KiB there in places of their own.
library = ctypes.CDLL(next(line.split()[-1] for line in open("/proc/self/maps") if "libhdf5" in line and "_hl" not in line))


def put(file, name, text):
    """As file.attrs[name] = np.bytes_(text), without writing it under another name first."""
    kind = h5py.h5t.py_create(np.dtype(f"S{len(text)}"))
    attribute = h5py.h5a.create(file.id, name.encode(), kind, h5py.h5s.create(h5py.h5s.SCALAR))
    attribute.write(np.array(text.encode()), mtype=kind)


with h5py.File("dense-heap.h5", "w", libver="latest", track_order=True) as file:
    file.attrs["model_config"] = np.bytes_(code)
    for i in range(9):
        file.attrs[f"a{i}"] = i
    for i in range(9):
        file[f"l{i}"] = h5py.SoftLink(f"x{i}")
with h5py.File("huge-heap.h5", "w", libver="latest") as file:
    put(file, "model_config", code + " " * 4000)
    for i in range(9):
        file.attrs[f"a{i}"] = i
with h5py.File("levels-heap.h5", "w", libver="latest") as file:
    for i in range(90):
        file[f"l{i}"] = h5py.SoftLink(f"x{i}")
    file.create_group("behind").attrs["model_config"] = np.bytes_(code)
with h5py.File("type-heap.h5", "w", libver="latest") as file:
    file["type"] = np.dtype(f"S{len(code)}")
    file.attrs.create("model_config", np.bytes_(code), dtype=file["type"])
    for i in range(9):
        file.attrs[f"a{i}"] = i


def create(name, properties):
    access = h5py.h5p.create(h5py.h5p.FILE_ACCESS)
    access.set_libver_bounds(h5py.h5f.LIBVER_LATEST, h5py.h5f.LIBVER_LATEST)
    return h5py.File(h5py.h5f.create(name.encode(), h5py.h5f.ACC_TRUNC, properties, access))


# Addresses of two bytes: links fit into the identifiers of the heap, and so do the places of large attributes.
properties = h5py.h5p.create(h5py.h5p.FILE_CREATE)
properties.set_sizes(2, 4)
with create("tiny-heap.h5", properties) as file:
    put(file, "model_config", code + " " * 4000)
    for name in "abcdefghi":
        file.attrs[name] = 1
        file[name] = file
properties = h5py.h5p.create(h5py.h5p.FILE_CREATE)
library.H5Pset_deflate(ctypes.c_int64(properties.id), 6)
with create("compressed-heap.h5", properties) as file:
    for i in range(9):
        file[f"l{i}"] = h5py.SoftLink("x")
properties = h5py.h5p.create(h5py.h5p.FILE_CREATE)
library.H5Pset_shared_mesg_nindexes(ctypes.c_int64(properties.id), 1)
library.H5Pset_shared_mesg_index(ctypes.c_int64(properties.id), 0, ctypes.c_uint(0x1000), ctypes.c_uint(20))
with create("shared-heap.h5", properties) as file:
    file.attrs["model_config"] = np.bytes_(code)
    for i in range(9):
        file.attrs[f"a{i}"] = i
