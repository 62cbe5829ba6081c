#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# launcher_light.sh BERTH: the launcher carries nothing whose start-up every launch would pay for. The
# streams of the C++ library, and with them its locales, come with one <filesystem> or <iostream>
# anywhere: a megabyte, and work before main().
set -euo pipefail

names=$(nm -C "$1")
# It has to be one that nm can read.
grep -q ' T main$' <<<"$names"
for unwanted in std::ios_base::Init std::locale::classic std::filesystem:: std::regex; do
  if grep -F -m3 "$unwanted" <<<"$names"; then
    echo "$1 has $unwanted" >&2
    exit 1
  fi
done
