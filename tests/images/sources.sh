# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# This machine's Debian mirrors and settings for apt, for a root made by mmdebstrap: the same packages
# and the same way to them. Sourced.

# write_sources SUITE FILE: the mirrors in use here, as a sources.list.
write_sources() {
  local suite=$1 file=$2 keys=/usr/share/keyrings/debian-archive-keyring.gpg
  apt-get indextargets --format "\$(CODENAME) \$(COMPONENT) \$(REPO_URI)" \
    'Created-By: Packages' 'Origin: Debian' |
    awk -v suite="$suite" -v keys="$keys" '$1 ~ "^" suite && $2 == "main" {
      print "deb [signed-by=" keys "] " $3, $1, $2 }' | sort -u >"$file"
  [ -s "$file" ] || echo "deb [signed-by=$keys] http://deb.debian.org/debian $suite main" >"$file"
}

# write_apt_settings FILE: proxies and the like. mmdebstrap itself does not look there.
write_apt_settings() {
  apt-config dump | grep -E '^Acquire::(https?|ftp|Check|Retries)[^ ]* "[^"]' >"$1" || true
}
