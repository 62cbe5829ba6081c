# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154  # tests/run-bats sets the variables in capitals
# An image with MPICH, for tests that load ../helpers too.

# make_mpich_image FILE: mpich-hello and what it needs beside the C library, to lie above the demo image.
make_mpich_image() {
  local tree=$1.tree library libraries
  libraries=$tree/usr/lib/$(gcc -print-multiarch)  # where the loader looks without a cache
  mkdir -p "$tree/usr/local/bin" "$libraries"
  mpicc.mpich -O2 -o "$tree/usr/local/bin/mpich-hello" "$BERTH_SOURCE/examples/mpi-hello.c"
  while read -r library; do
    cp -L "$library" "$libraries/"
  done < <(ldd "$tree/usr/local/bin/mpich-hello" | awk '$3 ~ "^/" { print $3 }' | grep -vE '/lib(c|m)\.so')
  tar -cf "$1.tar" -C "$tree" .
  "$BERTH" import --quiet "tar:$1.tar" "$1"
  chmod 644 "$1"
  rm -rf "$tree" "$1.tar"
}
