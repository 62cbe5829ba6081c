# SPDX-License-Identifier: Apache-2.0
berth_test(cdi_test LABELS unit hooks SOURCES tests/unit/cdi_test.cc NEEDS berth_cdi)
berth_test(registry_of_devices_test LABELS unit hooks
           SOURCES tests/unit/registry_of_devices_test.cc NEEDS berth_cdi)
berth_test(gpus_test LABELS unit hooks SOURCES tests/unit/gpus_test.cc NEEDS berth_gpu)
berth_fuzz(cdi_spec SOURCES tests/fuzz/cdi_spec.cc NEEDS berth_cdi)
berth_test(hook_files_test LABELS unit hooks SOURCES tests/unit/hook_files_test.cc
           NEEDS berth_oci_hooks)
berth_test(run_hooks_test LABELS unit hooks SOURCES tests/unit/run_hooks_test.cc
           NEEDS berth_hooks berth_run_hooks)
berth_fuzz(hook_file SOURCES tests/fuzz/hook_file.cc NEEDS berth_oci_hooks)
berth_test(own_hooks_test LABELS unit hooks SOURCES tests/unit/own_hooks_test.cc NEEDS berth_own_hooks)
berth_test(hook_memory_test LABELS unit hooks SOURCES tests/unit/hook_memory_test.cc NEEDS berth_hooks)
berth_test(elf_test LABELS unit hooks SOURCES tests/unit/elf_test.cc NEEDS berth_elf)
berth_test(fabric_hook_test LABELS unit hooks SOURCES tests/unit/fabric_hook_test.cc NEEDS berth_fabric)
berth_test(ldcache_hook_test LABELS unit hooks SOURCES tests/unit/ldcache_hook_test.cc NEEDS berth_ldcache)
berth_fuzz(loader_cache_file SOURCES tests/fuzz/loader_cache_file.cc NEEDS berth_ldcache)
berth_test(mpi_hook_test LABELS unit hooks SOURCES tests/unit/mpi_hook_test.cc NEEDS berth_mpi)
berth_test(mpi_family_test LABELS unit hooks SOURCES tests/unit/mpi_family_test.cc NEEDS berth_mpi)
berth_fuzz(elf SOURCES tests/fuzz/elf.cc NEEDS berth_elf)
