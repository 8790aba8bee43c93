#!/usr/bin/env bash
# make-rpm-databases.sh DIR: packages built and installed by rpm, and its database in the three forms it has had, as DIR/{sqlite,bdb,ndb}/FILE.
# Needs rpm, rpmbuild, db5.3_load and python3 on PATH. Debian's rpm writes SQLite only: the other two hold the same records.
set -euo pipefail

dir=${1:?usage: make-rpm-databases.sh DIR}
mkdir -p "$dir"/{specs,sqlite,bdb,ndb}

# package NAME EPOCH VERSION RELEASE LICENCE ARCHITECTURE [REQUIRES]
package() {
  cat > "$dir/specs/$1.spec" << SPEC
Name: $1
Epoch: $2
Version: $3
Release: $4
Summary: A package for tests
License: $5
BuildArch: $6
${7:+Requires: $7}
%description
A package for tests.
%install
mkdir -p %{buildroot}/usr/share/$1
echo $1 > %{buildroot}/usr/share/$1/file
%files
/usr/share/$1/file
SPEC
  rpmbuild -bb --quiet --nodeps --target "$6-linux" --define "_topdir $dir/build" --define "_rpmdir $dir/rpms" \
    --define "__os_install_post %{nil}" --define "debug_package %{nil}" "$dir/specs/$1.spec" > "$dir/log" 2>&1 || { tail -n 5 "$dir/log" >&2; exit 1; }
}

package acme-libs 1 2.1 3 LGPL-2.1-or-later x86_64
package acme-tool 0 1.0 1.fc40 MIT x86_64 acme-libs
package acme-data 0 20240101 1 Apache-2.0 noarch
find "$dir/rpms" -name '*.rpm' -exec rpm --root "$dir/root" --define "_dbpath /var/lib/rpm" -i --nodeps --noplugins {} + > "$dir/log" 2>&1 \
  || { tail -n 5 "$dir/log" >&2; exit 1; }

python3 - "$dir" << 'PYTHON'
import shutil, sqlite3, struct, subprocess, sys, zlib
from contextlib import closing

folder = sys.argv[1]
shutil.copytree(folder + "/root/var/lib/rpm", folder + "/copy")
with closing(sqlite3.connect(folder + "/copy/rpmdb.sqlite")) as database:
    # What rpm left in the write-ahead log goes into the file.
    database.execute("pragma wal_checkpoint(truncate)")
    database.execute("pragma journal_mode=delete")
    headers = database.execute("select hnum, blob from Packages order by hnum").fetchall()
shutil.copy(folder + "/copy/rpmdb.sqlite", folder + "/sqlite/rpmdb.sqlite")

# Berkeley DB: a hash from the record's number to the header; number 0 has the highest one.
records = [(0, struct.pack("<I", headers[-1][0])), *headers]
lines = ["VERSION=3", "format=bytevalue", "type=hash", "db_pagesize=4096", "HEADER=END"]
lines += [" " + part.hex() for number, value in records for part in (struct.pack("<I", number), value)]
subprocess.run(["db5.3_load", folder + "/bdb/Packages"], input="\n".join([*lines, "DATA=END", ""]).encode(), check=True)

# ndb: a page of slots, then the headers in blocks of 16 bytes.
block, page = 16, 4096
slots, blobs = [struct.pack("<4s7I", b"RpmP", 0, 1, 1, headers[-1][0] + 1, 0, 0, 0)], b""
for number, header in headers:
    blob = struct.pack("<4s3I", b"BlbS", number, 1, len(header)) + header
    blob += bytes(-(len(blob) + 12) % block) + struct.pack("<2I4s", zlib.adler32(blob), len(header), b"BlbE")
    slots.append(struct.pack("<4s3I", b"Slot", number, (page + len(blobs)) // block, len(blob) // block))
    blobs += blob
slots += [struct.pack("<4s3I", b"Slot", 0, 0, 0)] * ((page - sum(map(len, slots))) // block)
with open(folder + "/ndb/Packages.db", "wb") as file:
    file.write(b"".join(slots) + blobs)
PYTHON
