#!/usr/bin/env bats
# SPDX-License-Identifier: Apache-2.0
# shellcheck disable=SC2016,SC2154
# --mpi-hook: this node's MPI in the place of the image's, or a line that says why not. Images with an older
# Open MPI (Debian 11's, on the demo image), with MPICH, and with musl; libraries of the node that do not fit.
load ../helpers

libraries=usr/lib/x86_64-linux-gnu

# Old packages, and images with them, for all tests.
setup_file() {
  export stock=$BERTH_TEST_DIR/mpi-stock
  mkdir -p "$stock"
  cd "$stock" || return
  fetch_package bullseye libopenmpi3 old
  "$BERTH" import dir:old old.sqsh
  # A root of its own that has no other MPI.
  mkdir -p "mpich-root/$libraries" mpich-root/bin mpich-root/etc mpich-root/lib64
  cp -a /"$libraries"/libmpich.so.12* "mpich-root/$libraries"
  cp -L /"$libraries"/lib{c.so.6,m.so.6,stdc++.so.6,gfortran.so.5,gcc_s.so.1} "mpich-root/$libraries"
  cp -L /lib64/ld-linux-x86-64.so.2 mpich-root/lib64
  cp "$(command -v busybox)" mpich-root/bin/busybox
  "$BERTH" import dir:mpich-root mpich.sqsh
  mkdir -p musl-root/lib musl-root/usr/lib
  cp -r mpich-root/bin musl-root
  cp -L /lib/ld-musl-x86_64.so.1 musl-root/lib/
  cp -L /"$libraries"/libmpich.so.12 musl-root/usr/lib/libmpi.so.12
  mkdir program
  mpicc.mpich -o program/mpich-hello "$BERTH_SOURCE/examples/mpi-hello.c"
}

setup() {
  enter_work mpi
  export XDG_CACHE_HOME=$work/cache
  old=$BERTH_DEMO_IMAGE+$stock/old.sqsh
  image=$BERTH_DEMO_IMAGE
}

teardown() {
  leave_work
}

# swapped WORDS...: runs 2 ranks that say which file their MPI is, by its number on the disk.
identity='import ctypes, re
lib = ctypes.CDLL("libmpi.so.40", mode=ctypes.RTLD_GLOBAL)
text = ctypes.create_string_buffer(8192)
lib.MPI_Init(None, None)
lib.MPI_Get_library_version(text, ctypes.byref(ctypes.c_int()))
maps = {line.split()[4] for line in open("/proc/self/maps") if re.search(r"/libmpi\.so", line)}
print(re.match(rb"Open MPI v[0-9.]+[0-9]", text.value)[0].decode(), *maps, flush=True)
lib.MPI_Finalize()'

number_of() {
  stat -L -c %i "$1"
}

# stays REASON WORDS...: the image's MPI stays for that reason: an error where it is asked for, else a line.
stays() {
  local reason=$1
  shift
  run --separate-stderr "$BERTH" run --mpi-hook=full "$@" busybox true
  echo "$stderr"
  [ "$status" = 125 ]
  [ "$stderr" = "berth: cannot put this node's MPI in the place of the image's: $reason
berth: hint: use the image's own: --mpi-hook=off" ]
  run --separate-stderr "$BERTH" run --mpi-hook=auto "$@" busybox echo runs
  [ "$output" = runs ]
  [ "$stderr" = "berth: continuing with the image's own MPI: $reason" ]
  run --separate-stderr "$BERTH" run --mpi-hook=auto --plan "$@" busybox echo runs
  [ "${lines[0]}" = "# mpi: the image's own stays: $reason: 0 variables, 0 devices, 0 mounts" ]
  run --separate-stderr "$BERTH" run --mpi-hook=off "$@" busybox echo runs
  [ "$output" = runs ]
  [ -z "$stderr" ]
}

@test "two ranks of an image with an older Open MPI get the node's, and exchange 1 MiB messages" {
  # A file for each rank: mpirun may put two ranks' pieces of lines between each other.
  run timeout 60 mpirun --oversubscribe --output-filename "$BATS_TEST_TMPDIR/ranks" -np 2 \
    "$BERTH" run --mpi-hook=full "$old" -- python3 -c "$identity"
  echo "$output"
  [ "$status" = 0 ]
  for rank in 0 1; do
    [ "$(tr -d '\r' <"$BATS_TEST_TMPDIR/ranks/1/rank.$rank/stdout")" = "Open MPI v4.1.4 $(number_of /$libraries/libmpi.so.40)" ]
  done
  run timeout 60 mpirun --oversubscribe -np 2 "$BERTH" run --mpi-hook=full "$old" -- mpi-hello
  [ "$status" = 0 ]
  expect_ranks 2
}

@test "drivers that are links out of the directory of theirs are there with it" {
  run -0 "$BERTH" run --mpi-hook=full "$stock/mpich.sqsh" -- busybox sh -c 'cd /usr/lib/*/libibverbs &&
    for file in *.so; do [ ! -L $file ] || [ ! -e $file ] || echo $file leads to a library; [ -e $file ] || echo $file dangles; done'
  echo "$output"
  [[ $output == *"leads to a library"* ]]
  [[ $output != *dangles* ]]
}

@test "without the hook, the older Open MPI is the image's" {
  for option in --mpi-hook=off --no-hook=mpi --no-hooks; do
    run "$BERTH" run --mpi-hook=full "$option" "$old" -- \
      python3 -c 'import ctypes; text = ctypes.create_string_buffer(8192)
ctypes.CDLL("libmpi.so.40").MPI_Get_library_version(text, ctypes.byref(ctypes.c_int())); print(text.value.decode()[:15])'
    echo "$output"
    [ "$output" = "Open MPI v4.1.0" ]
  done
}

@test "rules: strict wants the same release, full one that is not older, major the same ABI" {
  run "$BERTH" run --mpi-hook=strict "$old" -- true
  echo "$output"
  [ "$status" = 125 ]
  [[ "${lines[0]}" == *"strict: the image's is 40.30.0 and this node's is 40.30.4" ]]
  run "$BERTH" run --mpi-hook=strict "$image" -- true
  [ "$status" = 0 ]
  # The image's is the newer one.
  mkdir older
  cp -a "$stock/old/$libraries"/. older/
  gcc -shared -Wl,-soname,libmpi.so.40 -o older/libmpi.so.40.20.9 -x c /dev/null
  run "$BERTH" run --mpi-hook=full --mpi-hook-library="$work/older/libmpi.so.40.20.9" "$image" -- true
  [ "$status" = 125 ]
  [[ "${lines[0]}" == *"full: the image's is 40.30.4 and this node's is 40.20.9, which is older" ]]
  run "$BERTH" run --mpi-hook=major --mpi-hook-library="$work/older/libmpi.so.40.20.9" "$image" -- true
  [ "$status" = 0 ]
}

@test "two ranks of an image with MPICH get the node's MPICH" {
  host=$work/host
  mkdir -p "$host"
  cp -L /$libraries/libmpich.so.12 "$host/libmpi.so.12.9.9"
  run timeout 60 mpiexec.mpich -np 2 "$BERTH" run --mpi-hook=auto --mpi-hook-library="$host/libmpi.so.12.9.9" \
    -v "$stock/program:/program" "$BERTH_DEMO_IMAGE+$stock/mpich.sqsh" -- \
    sh -c '/program/mpich-hello && LD_TRACE_LOADED_OBJECTS=1 /program/mpich-hello | grep -c mpich; stat -L -c %i '/$libraries/libmpich.so.12
  echo "$output"
  [ "$status" = 0 ]
  [ "$(grep -c 'of 2 on .*: sum ok, 1 MiB ok' <<<"$output")" = 2 ]
  [ "$(grep -cx "$(number_of "$host/libmpi.so.12.9.9")" <<<"$output")" = 2 ]
}

# make_deep_image: deep.sqsh has MPICH and an hwloc of before MPICH's time in a directory of its own, which the
# programs know by their RPATH or RUNPATH, and the loader does not.
make_deep_image() {
  deep=/software/x86/mpich/4.0/lib
  mkdir -p "deep-root/$deep" deep-root/bin
  cp -a "$stock/mpich-root"/{lib64,etc} deep-root
  mkdir -p deep-root/$libraries
  cp -L /$libraries/lib{c,m}.so.6 deep-root/$libraries
  cp "$(command -v busybox)" deep-root/bin/busybox
  cp -L /$libraries/libmpich.so.12 "deep-root/$deep/libmpich.so.12"
  cp -L /$libraries/libuc[ps].so.0 "deep-root/$deep"
  echo 'void hwloc_of_old(void) {}' | gcc -shared -Wl,-soname,libhwloc.so.15 -o "deep-root/$deep/libhwloc.so.15.0.0" -x c -
  ln -s libhwloc.so.15.0.0 "deep-root/$deep/libhwloc.so.15"
  cat >maps.c <<'END'
#include <mpi.h>
#include <stdio.h>
#include <string.h>
int main(int argc, char** argv) {
  int rank = -1, ranks = 0;
  char line[4096], last[4096] = "";
  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &ranks);
  FILE* maps = fopen("/proc/self/maps", "r");
  while (maps != NULL && fgets(line, sizeof line, maps) != NULL) {
    unsigned long inode = 0;
    int path = 0;
    if (sscanf(line, "%*s %*s %*s %*s %lu %n", &inode, &path) != 1 || strcmp(line + path, last) == 0) continue;
    strcpy(last, line + path);
    if (strstr(last, "/libmpich") != NULL || strstr(last, "/libhwloc") != NULL) printf("%d of %d: %lu %s", rank, ranks, inode, last);
  }
  return MPI_Finalize();
}
END
  mpicc.mpich -o deep-root/bin/by-rpath maps.c -Wl,--disable-new-dtags,-rpath,$deep
  mpicc.mpich -o deep-root/bin/by-runpath maps.c -Wl,--enable-new-dtags,-rpath,$deep
  readelf -d deep-root/bin/by-rpath | grep -q "(RPATH).*$deep"
  readelf -d deep-root/bin/by-runpath | grep -q "(RUNPATH).*$deep"
  "$BERTH" import --quiet dir:deep-root deep.sqsh
}

@test "programs with a path to the image's MPI in them get the node's, by RPATH and by RUNPATH, however deep it lies" {
  make_deep_image
  for program in by-rpath by-runpath; do
    run timeout 60 mpiexec.mpich -np 2 "$BERTH" run --mpi-hook=major ./deep.sqsh -- /bin/$program
    echo "$output"
    [ "$status" = 0 ]
    for rank in 0 1; do
      grep -qxF "$rank of 2: $(number_of /$libraries/libmpich.so.12) $deep/libmpich.so.12" <<<"$output"
      # What lies beside the image's MPI, and is too old for the node's.
      grep -q "^$rank of 2: $(number_of /$libraries/libhwloc.so.15) " <<<"$output"
    done
  done
  # The image's files are as they were for who does not want it.
  run "$BERTH" run ./deep.sqsh -- busybox sh -c "ls -l $deep | grep -c hwloc; ls /run/berth"
  [ "${lines[0]}" = 2 ]
}

@test "what lies beside the image's MPI and cannot be replaced is said in a line" {
  make_deep_image
  for side in node image; do
    version=$([ $side = node ] && echo 2 || echo 1)
    echo "X_$version { global: x; local: *; };" >versions
    mkdir -p $side
    echo 'void x(void) {}' | gcc -shared -nostdlib -Wl,-soname,libx.so.1 -Wl,--version-script=versions -o $side/libx.so.1 -x c -
  done
  echo 'void x(void); void MPI_Init(void) { x(); }' | gcc -shared -nostdlib -Wl,-soname,libmpich.so.12 \
    -Wl,-rpath,"$work/node" -o node/libmpich.so.12.9.0 -x c - -x none node/libx.so.1
  cp image/libx.so.1 "deep-root/$deep"
  "$BERTH" import --quiet dir:deep-root beside.sqsh
  run --separate-stderr "$BERTH" run --mpi-hook=auto --mpi-hook-library="$work/node/libmpich.so.12.9.0" ./beside.sqsh -- busybox echo runs
  echo "$stderr"
  [ "$output" = runs ]
  [ "$stderr" = "berth: programs with an RPATH to '$deep' may not start: '$work/node/libmpich.so.12.9.0' needs 'X_2', and the image's '$deep/libx.so.1' lacks it" ]
}

@test "a copy that only its own programs find, and cannot be replaced, keeps no other from it" {
  mkdir -p "far-root/software/mpich/lib"
  cp -L /$libraries/libmpich.so.12 far-root/software/mpich/lib
  "$BERTH" import --quiet dir:far-root far.sqsh
  run "$BERTH" run --mpi-hook=full --mpi-hook-library=/$libraries/libmpi.so.40 --plan "$old+./far.sqsh" -- true
  echo "${lines[0]}"
  [ "$status" = 0 ]
  [[ "${lines[0]}" == "# mpi: Open MPI 40.30.4 of this node "*"; another stays: the image has the MPICH family (libmpich.so.12), and this node has Open MPI (libmpi.so.40)"* ]]
}

# make_fortran_image: the image has MPICH's libraries for Fortran as Debian calls them, and a program.
make_fortran_image() {
  cp -a "$stock/mpich-root" fortran-root
  cp -a /$libraries/libmpichfort.so.12* fortran-root/$libraries
  cp -L /$libraries/libquadmath.so.0 fortran-root/$libraries
  cat >sum.f90 <<'END'
program sum
  implicit none
  include 'mpif.h'
  integer :: error, rank, total
  call mpi_init(error)
  call mpi_comm_rank(MPI_COMM_WORLD, rank, error)
  call mpi_allreduce(rank + 1, total, 1, MPI_INTEGER, MPI_SUM, MPI_COMM_WORLD, error)
  print '(a,i0)', 'sum ', total
  call mpi_finalize(error)
end program
END
  mpif90.mpich -w -fallow-argument-mismatch -o fortran-root/bin/sum sum.f90
  "$BERTH" import --quiet dir:fortran-root fortran.sqsh
  mkdir host
  cp -L /$libraries/libmpich.so.12 host/libmpi.so.12.9.9
}

@test "libraries for Fortran are replaced with the others, by whichever name the node has them" {
  make_fortran_image
  cp -L /$libraries/libmpichfort.so.12 host/libmpifort.so.12
  run timeout 60 mpiexec.mpich -np 2 "$BERTH" run --mpi-hook=auto --mpi-hook-library="$work/host/libmpi.so.12.9.9" ./fortran.sqsh -- \
    busybox sh -c "sum && busybox stat -L -c %i /$libraries/libmpichfort.so.12"
  echo "$output"
  [ "$status" = 0 ]
  [ "$(grep -cx 'sum 3' <<<"$output")" = 2 ]
  [ "$(grep -cx "$(number_of host/libmpifort.so.12)" <<<"$output")" = 2 ]
}

@test "libraries for Fortran that do not fit keep the image's MPI, with the name that is missing" {
  make_fortran_image
  # A member of the family whose Fortran was made by another compiler, and one that has none at all.
  stub() {
    local file=$1 name
    shift
    for name; do echo "int $name;"; done | gcc -shared -nostdlib -Wl,-soname,"${file%%.so*}.so.12" -o "host/$file" -x c -
  }
  stub libmpi.so.12.3.0 MPI_Init MPI_Send
  stub libmpifort.so.12 MPI_INIT MPI_SEND mpifcmb5_ mpifcmb9_ mpipriv1_ mpipriv2_ mpiprivc_ mpi_init_
  stays "'$work/host/libmpifort.so.12' of this node lacks 'mpi_send_', which the image's '/$libraries/libmpichfort.so.12.2.2' has" \
    --mpi-hook-library="$work/host/libmpi.so.12.3.0" ./fortran.sqsh
  rm host/libmpifort.so.12
  stays "the image's '/$libraries/libmpichfort.so.12.2.2' would stay, and needs 'MPII_Comm_get_attr', which '$work/host/libmpi.so.12.3.0' of this node lacks" \
    --mpi-hook-library="$work/host/libmpi.so.12.3.0" ./fortran.sqsh
  # Those for C++ keep nobody from it.
  cp -a "$stock/mpich-root" cxx-root
  cp -a /$libraries/libmpichcxx.so.12* cxx-root/$libraries
  "$BERTH" import --quiet dir:cxx-root cxx.sqsh
  run --separate-stderr "$BERTH" run --mpi-hook=full --mpi-hook-library="$work/host/libmpi.so.12.3.0" ./cxx.sqsh -- \
    busybox stat -L -c %i /$libraries/libmpich.so.12
  echo "$stderr"
  [ "$output" = "$(number_of host/libmpi.so.12.3.0)" ]
  [[ "$stderr" == "berth: programs with MPI's bindings for C++ need the image's own MPI, --mpi-hook=off: the image's "*" would stay, and needs "* ]]
}

@test "another ABI, a missing version, a missing library, and musl: one line says why" {
  stays "the image has the MPICH family (libmpich.so.12), and this node has Open MPI (libmpi.so.40)" \
    --mpi-hook-library=/$libraries/libmpi.so.40 "$stock/mpich.sqsh"
  stays "the image's C library is musl, and this node's MPI needs glibc" "$stock/musl-root"
  # A library that was made for a C library of the future.
  echo 'GLIBC_2.99 { global: tomorrow; local: *; };' >versions
  echo 'void tomorrow(void) {}' | gcc -shared -nostdlib -Wl,-soname,libc.so.6 -Wl,--version-script=versions -o libc.so.6 -x c -
  echo 'void tomorrow(void); void MPI_Init(void) { tomorrow(); }' |
    gcc -shared -nostdlib -Wl,-soname,libmpich.so.12 -o libmpich.so.12.3.0 -x c - -x none libc.so.6
  stays "'$work/libmpich.so.12.3.0' needs 'GLIBC_2.99', and the image's 'libc.so.6' lacks it" \
    --mpi-hook-library="$work/libmpich.so.12.3.0" "$stock/mpich.sqsh"
  echo | gcc -shared -nostdlib -Wl,-soname,libnowhere.so.7 -o libnowhere.so -x c -
  echo | gcc -shared -nostdlib -Wl,--no-as-needed -Wl,-soname,libmpich.so.12 -o libmpich.so.12.3.0 -x c - -x none libnowhere.so
  rm libnowhere.so
  stays "'$work/libmpich.so.12.3.0' needs 'libnowhere.so.7', which neither this node nor the image has" \
    --mpi-hook-library="$work/libmpich.so.12.3.0" "$stock/mpich.sqsh"
}

@test "what the image lacks comes beside it, and what it has stays its own" {
  run "$BERTH" run --mpi-hook=auto --plan "$stock/mpich.sqsh" -- busybox true
  echo "${lines[0]}"
  grep -q "to '/run/berth/mpi/libhwloc.so.15'" <<<"$output"
  run -1 grep -E "mpi/lib(c|m|stdc\+\+|gfortran|gcc_s)\.so" <<<"$output"
  run "$BERTH" run --mpi-hook=auto "$stock/mpich.sqsh" -- busybox sh -c 'echo "$LD_LIBRARY_PATH"; ls /run/berth/mpi | grep -c .'
  [ "${lines[0]}" = /run/berth/mpi ]
  # Whoever needs nothing of the node's has no variable either.
  run "$BERTH" run --mpi-hook=full "$image" -- sh -c 'echo "${LD_LIBRARY_PATH-none}"'
  [ "$output" = none ]
}

@test "an image without MPI is left alone, and of a directory nothing is remembered" {
  mkdir -p plain/bin
  cp "$(command -v busybox)" plain/bin/busybox
  run --separate-stderr "$BERTH" run --mpi-hook=auto plain -- busybox echo runs
  [ "$output" = runs ]
  [ -z "$stderr" ]
  run --separate-stderr "$BERTH" run --mpi-hook=major plain -- busybox echo runs
  [ "$status" = 125 ]
  [[ "${stderr_lines[0]}" == *"the image has no MPI that is known" ]]
  [ ! -e cache/berth ]  # a directory's files change without a trace
}

@test "what was found is remembered by the image's contents until something changes, and no program is asked again" {
  mkdir site
  cp -L /$libraries/libmpich.so.12 site/libmpich.so.12.1.1
  # swap WORDS... IMAGE: which files a launch runs, in ./trace, and what it has for its MPI.
  swap() {
    strace -f -o trace -e trace=execve "$BERTH" run --mpi-hook=major --mpi-hook-library="$work/site/libmpich.so.12.1.1" \
      --hook=localtime "$@" -- busybox stat -L -c %i /$libraries/libmpich.so.12
  }
  asks() {
    grep -q 'execve.*berth-hooks' trace
  }
  wanted=$(stat -c %i site/libmpich.so.12.1.1)
  # A plan writes nothing.
  swap --plan "$stock/mpich.sqsh" >/dev/null
  asks
  [ ! -e cache ]
  [ "$(swap "$stock/mpich.sqsh" | tail -n 1)" = "$wanted" ]
  asks
  [ "$(find cache/berth/hooks -name 'hooks-*.json' | wc -l)" = 1 ]
  [ "$(swap "$stock/mpich.sqsh" | tail -n 1)" = "$wanted" ]
  run -1 asks
  # The same bytes elsewhere are the same image; other bytes are another.
  cp "$stock/mpich.sqsh" again.sqsh
  [ "$(swap ./again.sqsh | tail -n 1)" = "$wanted" ]
  run -1 asks
  cp -r "$stock/mpich-root" other
  echo >other/other
  "$BERTH" import --quiet dir:other other.sqsh
  swap ./other.sqsh >/dev/null
  asks
  # A variable that decides, and one that does not.
  swap -e WHATEVER=1 "$stock/mpich.sqsh" >/dev/null
  run -1 asks
  swap -e LD_LIBRARY_PATH=/nowhere "$stock/mpich.sqsh" >/dev/null
  asks
  # Others of the user's may not write what a launch believes.
  chmod g+w cache/berth/hooks/hooks-*.json
  swap "$stock/mpich.sqsh" >/dev/null
  asks
  swap "$stock/mpich.sqsh" >/dev/null
  run -1 asks
  echo >site/libmpich.so.12.1.1
  run "$BERTH" run --mpi-hook=major --mpi-hook-library="$work/site/libmpich.so.12.1.1" "$stock/mpich.sqsh" -- busybox true
  [[ "${lines[0]}" == *"'$work/site/libmpich.so.12.1.1' of this node is no library of MPI for this machine" ]]
}

@test "an image whose MPI stays is not looked into again by auto, and says so each time" {
  for turn in 1 2; do
    run --separate-stderr strace -f -o trace -e trace=execve "$BERTH" run --mpi-hook=auto \
      --mpi-hook-library=/$libraries/libmpi.so.40 "$stock/mpich.sqsh" -- busybox echo runs
    [ "$output" = runs ]
    [ "$stderr" = "berth: continuing with the image's own MPI: the image has the MPICH family (libmpich.so.12), and this node has Open MPI (libmpi.so.40)" ]
    [ "$turn" = 1 ] || run -1 grep 'execve.*berth-hooks' trace
  done
}

@test "what was found in a damaged image is not remembered as if it were the whole one's" {
  cp "$stock/old.sqsh" damaged.sqsh
  chmod u+w damaged.sqsh
  # The libraries; what says where they are lies behind them.
  head -c "$(($(stat -c %s damaged.sqsh) / 2))" /dev/zero | dd of=damaged.sqsh bs=4096 seek=1 conv=notrunc status=none
  run "$BERTH" run --mpi-hook=auto "$image+./damaged.sqsh" -- true
  echo "$output"
  [ ! -e cache ] || run -1 grep -r . cache
  run "$BERTH" run --mpi-hook=auto "$image+$stock/old.sqsh" -- true
  [ "$status" = 0 ]
  [ "$(find cache -name 'hooks-*' | wc -l)" = 1 ]
}

@test "a variable of the user's does not take out what the node's MPI needs" {
  local library
  for library in "$work/none" ""; do
    run "$BERTH" run --mpi-hook=auto -e LD_LIBRARY_PATH="$library" "$stock/mpich.sqsh" -- busybox sh -c 'echo "$LD_LIBRARY_PATH"'
    echo "$output"
    [ "$output" = "/run/berth/mpi${library:+:$library}" ]
  done
}

@test "what is mounted on the image and what an overlay keeps is looked at, and ends no launch" {
  mkdir -p other kept empty
  chmod 700 kept
  # Another MPICH where the image has one in /opt, by a bind; it is the program's from then on.
  mkdir -p "opt-root/opt/mpi/lib" site/mpi/lib
  cp -a "$stock"/mpich-root/. opt-root
  mv opt-root/$libraries/libmpich.so.12* opt-root/opt/mpi/lib/
  "$BERTH" import dir:opt-root opt.sqsh
  run --separate-stderr "$BERTH" run --mpi-hook=full opt.sqsh -- busybox stat -L -c %i /opt/mpi/lib/libmpich.so.12
  [ "$output" = "$(number_of /$libraries/libmpich.so.12)" ]
  # Nothing of the image's is left to be replaced.
  run --separate-stderr "$BERTH" run --mpi-hook=auto -v "$work/empty:/opt" opt.sqsh -- busybox echo runs
  echo "$stderr"
  [ "$output" = runs ]
  [ -z "$stderr" ]
  run "$BERTH" run --mpi-hook=full -v "$work/empty:/opt" opt.sqsh -- busybox true
  [[ "${lines[0]}" == *"the image has no MPI that is known" ]]
  # An overlay in which somebody has removed it.
  "$BERTH" run --overlay "$work/kept" opt.sqsh -- busybox rm -r /opt/mpi
  run --separate-stderr "$BERTH" run --mpi-hook=auto --overlay "$work/kept" opt.sqsh -- busybox echo runs
  echo "$stderr"
  [ "$output" = runs ]
  [ -z "$stderr" ]
  # No place for what the image lacks: a line, and the image's own.
  run --separate-stderr "$BERTH" run --mpi-hook=auto -v "$work/empty:/run" opt.sqsh -- busybox echo runs
  echo "$stderr"
  [ "$output" = runs ]
  [[ "$stderr" == "berth: continuing with the image's own MPI: '/run' is mounted, and has no place for '/run/berth/mpi/"* ]]
}

@test "components are found by the path that the library was named by, links and all" {
  mkdir -p real/lib/openmpi
  cp -L /$libraries/libmpi.so.40 real/lib/libmpi.so.40.99.1
  cp -L /$libraries/libopen-pal.so.40 /$libraries/libopen-rte.so.40 real/lib/
  echo >real/lib/openmpi/mca_made_up.so
  ln -s real current
  run "$BERTH" run --mpi-hook=full --mpi-hook-library="$work/current/lib/libmpi.so.40.99.1" --tmp=private --home=none --cwd=none \
    "$image" -- sh -c 'ls "$1"/real/lib/openmpi "$1"/current/lib/openmpi' sh "$work"
  echo "$output"
  [ "$status" = 0 ]
  [ "$(grep -c mca_made_up.so <<<"$output")" = 2 ]
}

@test "the image is read by a process that holds nothing else" {
  strace -f -o trace "$BERTH" run --mpi-hook=auto "$stock/mpich.sqsh" -- busybox true
  # Who has the name of the cage makes no call that opens anything, from its filter on.
  reader=$(sed -n 's/^\([0-9]*\) .*PR_SET_NAME, "berth-hooks-mpi".*/\1/p' trace)
  [ -n "$reader" ]
  sed -n "/^$reader .*SECCOMP_SET_MODE_FILTER/,\$p" trace | grep "^$reader " | tail -n +2 >calls
  grep -q pread64 calls
  run -1 grep -vE '^[0-9]+ +(<\.\.\. )?(read|pread64|sendto|write|close|brk|mmap|munmap|mremap|madvise|futex|getrandom|clock_gettime|exit_group|fadvise64|\+\+\+|---)' calls
}
