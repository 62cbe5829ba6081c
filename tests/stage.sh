# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154  # the caller sets `source_dir`
# What ./demo, ./check and the test runner share: an ordinary user, a place which that user may read,
# berth installed there, and the demo image imported there. Sourced; the caller sets `source_dir`.

# Everything of berth's runs as this user, also where the script runs as root.
choose_user() {
  if [ "$(id -u)" != 0 ]; then
    id -un
    return
  fi
  local user=${BERTH_TEST_USER:-alice}
  id "$user" >/dev/null 2>&1 || {
    echo "making the user $user, because containers are run without privilege" >&2
    useradd --create-home --shell /bin/bash "$user"
  }
  echo "$user"
}

# as_user USER COMMAND...: with USER's identity, home, and no privilege left. Keeps the environment.
as_user() {
  local user=$1 home
  shift
  if [ "$(id -u)" != 0 ]; then
    "$@"
    return
  fi
  home=$(getent passwd "$user" | cut -d: -f6)
  setpriv --reuid="$user" --regid="$(id -g "$user")" --init-groups --inh-caps=-all -- \
    env -u XDG_RUNTIME_DIR -u XDG_CONFIG_HOME -u XDG_DATA_HOME -u XDG_CACHE_HOME \
    HOME="$home" USER="$user" LOGNAME="$user" "$@"
}

# A folder for what has to be readable by USER: build/NAME, or below /var/tmp where the tree is closed
# to USER (a checkout in /root, say). Prints its path.
make_place() {
  local name=$1 user=$2 place=$source_dir/build/$1
  mkdir -p "$place"
  if ! as_user "$user" test -r "$place" -a -x "$place"; then
    place=/var/tmp/berth-$name-$(id -u)
    # /var/tmp is everybody's: a folder of that name which somebody else has made is not ours to use.
    mkdir -p "$place"
    [ -O "$place" ] && [ ! -L "$place" ] || place=$(mktemp -d "$place.XXXXXX")
    chmod 755 "$place"
  fi
  echo "$place"
}

# /dev/fuse is open to everybody on clusters and desktops, but 0600 where no udev has run.
open_fuse() {
  local user=$1
  ! as_user "$user" test -w /dev/fuse || return 0
  if [ "$(id -u)" = 0 ] && [ -e /dev/fuse ]; then
    echo "/dev/fuse is closed to users; opening it (chmod 666), as it is on clusters"
    chmod 666 /dev/fuse
  else
    echo "/dev/fuse is missing or closed to $user; as root: modprobe fuse; chmod 666 /dev/fuse" >&2
    return 1
  fi
}

# /dev/net/tun, for --net=private: just so. A node may lack it.
open_tun() {
  [ "$(id -u)" != 0 ] || [ ! -e /dev/net/tun ] || as_user "$1" test -w /dev/net/tun || chmod 666 /dev/net/tun
}

# give_ids USER: lines in /etc/subuid and /etc/subgid, for --subuid, behind all that others have there. adduser
# writes them on most distributions, useradd where login.defs says so.
give_ids() {
  local file last
  [ "$(id -u)" = 0 ] || return 0
  for file in /etc/subuid /etc/subgid; do
    ! grep -q "^$1:" $file 2>/dev/null || continue
    last=$(awk -F: '$2 + $3 > last { last = $2 + $3 } END { print last < 100000 ? 100000 : last }' $file 2>/dev/null || echo 100000)
    echo "$1:$last:65536" >>$file
  done
}

# give_groups USER: a directory in each hierarchy of control groups where USER may make groups, as an administrator
# gives it (berth-run(1), Limits). Of version 2 this process goes there too: a user moves nobody who is elsewhere.
give_groups() {
  local list path at root directory
  [ "$(id -u)" = 0 ] || return 0
  while IFS=: read -r _ list path; do
    [[ $list != name=* ]] || continue
    read -r root at < <(awk -v list="$list" '$(NF - 2) == (list == "" ? "cgroup2" : "cgroup") &&
      (list == "" || index("," $NF ",", "," list ",")) { print $4, $5; exit }' /proc/self/mountinfo) || continue
    path=${path#"${root%/}"}
    # In it already, by an earlier run of this.
    directory=$at${path%%/"$1"*}
    directory=${directory%/}/$1
    mkdir -p "$directory"
    if [ -e "${directory%/*}/cpuset.cpus" ]; then
      cat "${directory%/*}/cpuset.cpus" >"$directory/cpuset.cpus"
      cat "${directory%/*}/cpuset.mems" >"$directory/cpuset.mems"
    fi
    chown "$1" "$directory" "$directory/cgroup.procs"
    [ -z "$list" ] || continue
    chown "$1" "$directory/cgroup.subtree_control"
    give_controllers "$directory"
    enter_group "$directory"
  done </proc/self/cgroup
}

# give_controllers DIRECTORY: of version 2, all that the one above has and may hand on.
give_controllers() {
  local name
  for name in $(<"${1%/*}/cgroup.controllers"); do
    echo "+$name" >"${1%/*}/cgroup.subtree_control" || echo "no $name below ${1%/*}" >&2
  done
}

# The directory may have handed controllers on before, and takes no process then.
enter_group() {
  local leaf=$1/berth-others
  [ -d "$leaf" ] || leaf=$1
  echo $$ >"$leaf/cgroup.procs"
}

# build_berth BUILD [CMAKE OPTION]...: configures with the release preset, builds what is installed.
build_berth() {
  local build=$1
  shift
  (cd "$source_dir" && cmake --preset release -B "$build" "$@" &&
    cmake --build "$build" --parallel --target installable)
}

# install_berth BUILD PREFIX: replaces what is there, so that no file of yesterday's stays.
install_berth() {
  rm -rf "$2"
  cmake --install "$1" --prefix "$2" >/dev/null
  [ -x "$2/bin/berth" ] || {
    echo "the build has no berth to install" >&2
    return 1
  }
}

# import_image USER BERTH OCI_LAYOUT FOLDER: FOLDER/img.sqsh, made by USER; again only when the
# image or the importer has changed.
import_image() {
  local user=$1 berth=$2 oci=$3 folder=$4 stamp
  stamp=$(cat "$oci/index.json" "${berth%/bin/berth}/libexec/berth/berth-image" | sha256sum)
  mkdir -p "$folder"
  [ "$(id -u)" != 0 ] || chown "$user:" "$folder"
  if [ ! -s "$folder/img.sqsh" ] || [ "$(cat "$folder/img.stamp" 2>/dev/null)" != "$stamp" ]; then
    rm -f "$folder/img.stamp" "$folder/img.sqsh"
    as_user "$user" "$berth" import "oci:$oci:demo" "$folder/img.sqsh"
    echo "$stamp" >"$folder/img.stamp"
  fi
}

# prepare_stage USER: berth installed and the demo image imported, unless BERTH_PREFIX and
# BERTH_DEMO_IMAGE say where they are. Sets both, and `place`. What it does goes to stderr, if it fails.
prepare_stage() {
  local demo oci
  place=$(make_place tests "$1")
  if [ -z "${BERTH_PREFIX:-}" ]; then
    export BERTH_PREFIX=$place/prefix
    build_berth "$source_dir/build/release" >"$place/build.log" 2>&1 || {
      tail -n 40 "$place/build.log" >&2
      return 1
    }
    install_berth "$source_dir/build/release" "$BERTH_PREFIX"
  fi
  if [ -z "${BERTH_DEMO_IMAGE:-}" ]; then
    demo=$(make_place demo "$1")
    oci=$("$source_dir/tests/images/make-demo-image" "$demo" | tail -n 1)
    import_image "$1" "$BERTH_PREFIX/bin/berth" "$oci" "$place/$1" >&2
    export BERTH_DEMO_IMAGE=$place/$1/img.sqsh
  fi
}

# The plugin below PREFIX, and a plugstack.conf with it: write_plugstack PREFIX FILE.
write_plugstack() {
  local plugin
  plugin=$(find "$1" -name berth.so -print -quit)
  [ -n "$plugin" ] || {
    echo "the build has no Slurm plugin (is libslurm-dev installed?)" >&2
    return 1
  }
  echo "required $plugin berth=$1/bin/berth" >"$2"
}
