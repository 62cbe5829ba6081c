// SPDX-License-Identifier: Apache-2.0
#include "hooks/fabric/hardware.h"

#include "hooks/directory.h"
#include "hooks/gpu/choose.h"
#include "hooks/name.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <climits>
#include <string_view>

namespace berth::hooks {

namespace {

/// What rdma-core calls what the kernel calls otherwise.
struct Driver {
  std::string_view kernels;
  std::string_view provider;
};

constexpr std::array<Driver, 9> kDrivers = {{{"mlx5_core", "mlx5"},
                                             {"mlx4_core", "mlx4"},
                                             {"bnxt_en", "bnxt_re"},
                                             {"ice", "irdma"},
                                             {"i40e", "irdma"},
                                             {"hfi1", "hfi1verbs"},
                                             {"ib_qib", "ipathverbs"},
                                             {"qede", "qedr"},
                                             {"hns3", "hns"}}};

bool is_device(const std::string& path) {
  struct stat info {};

  return ::stat(path.c_str(), &info) == 0 && S_ISCHR(info.st_mode);
}

/// The driver of the device that an adapter is; empty of one in software.
std::string kernels_driver(const std::string& adapter) {
  std::array<char, PATH_MAX> target{};
  const ssize_t size =
      ::readlink((adapter + "/device/driver").c_str(), target.data(), target.size());
  if (size < 0) return {};
  const std::string text(target.data(), static_cast<std::size_t>(size));
  return text.substr(text.rfind('/') + 1);
}

std::vector<std::string> providers_of(const std::string& driver) {
  if (driver.empty()) return {"rxe", "siw"};
  for (const Driver& one : kDrivers)
    if (one.kernels == driver) return {std::string(one.provider)};
  return {driver};
}

void add(std::vector<std::string>& all, const std::string& one) {
  if (std::find(all.begin(), all.end(), one) == all.end()) all.push_back(one);
}

}  // namespace

bool Hardware::has(const std::string& begin) const {
  return std::any_of(
      devices.begin(), devices.end(), [&](const auto& one) { return one.starts_with(begin); });
}

Hardware find_hardware(const std::string& root) {
  Hardware found;
  const auto add_device = [&](const std::string& path) {
    if (is_device(root + path)) found.devices.push_back(path);
  };
  for (const std::string& name : names_in(root + "/dev/infiniband"))
    add_device("/dev/infiniband/" + name);
  for (const std::string& name : names_in(root + "/dev"))
    if (is_fabric_device(name)) add_device("/dev/" + name);
  if (!found.has("/dev/infiniband/uverbs")) return found;
  const std::string adapters = root + "/sys/class/infiniband/";
  for (const std::string& name : names_in(adapters))
    for (const std::string& provider : providers_of(kernels_driver(adapters + name)))
      add(found.providers, provider);
  return found;
}

}  // namespace berth::hooks
