// SPDX-License-Identifier: Apache-2.0
#include "launcher/pin/topology.h"

#include <hwloc.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdio>
#include <iterator>
#include <map>

namespace berth::pin {

namespace {

Numbers numbers_of(hwloc_const_bitmap_t set) {
  Numbers numbers;
  // A set without an end would never be through (hwloc_bitmap_next()).
  for (int number = hwloc_bitmap_first(set); number >= 0 && unsigned(number) < Numbers::kMost;
       number = hwloc_bitmap_next(set, number))
    numbers.add(static_cast<unsigned>(number));
  return numbers;
}

/// The number of the object of that type that `object` is a part of.
unsigned part_of(hwloc_topology_t topology,
                 hwloc_obj_type_t type,
                 hwloc_obj_t object,
                 unsigned otherwise) {
  const hwloc_obj_t above = hwloc_get_ancestor_obj_by_type(topology, type, object);
  return above == nullptr ? otherwise : above->logical_index;
}

/// Memory is a child of what it is nearest to, perhaps behind a cache of its own.
void add_memory(Numbers& nodes, hwloc_obj_t object) {
  for (hwloc_obj_t child = object->memory_first_child; child != nullptr;
       child = child->next_sibling) {
    if (child->type == HWLOC_OBJ_NUMANODE) nodes.add(child->os_index);
    add_memory(nodes, child);
  }
}

/// Where hwloc knows which cores are faster. Otherwise they are all alike to us.
unsigned kind_of(hwloc_topology_t topology, hwloc_obj_t pu) {
  const int kind = hwloc_cpukinds_get_by_cpuset(topology, pu->cpuset, 0);
  int efficiency = -1;
  if (kind < 0 || hwloc_cpukinds_get_info(
                      topology, unsigned(kind), nullptr, &efficiency, nullptr, nullptr, 0) != 0)
    return 0;
  return static_cast<unsigned>(std::max(efficiency, 0));
}

using PciDevice = decltype(hwloc_obj_attr_u::pcidev);

/// By the classes of PCI: a "3D controller", a "processing accelerator", a "co-processor"; and what
/// calls itself a display, if it is made by one of those whose GPUs have programs run on them. The
/// one that draws a server's console is none.
bool is_gpu(const PciDevice& device) {
  constexpr unsigned k3d = 0x0302;
  constexpr unsigned kAccelerator = 0x1200;
  constexpr unsigned kCoprocessor = 0x0b40;
  constexpr unsigned kDisplays = 0x03;
  constexpr unsigned kMakers[] = {0x10de, 0x1002, 0x8086};  // NVIDIA, AMD, Intel
  if (device.class_id == k3d || device.class_id == kAccelerator || device.class_id == kCoprocessor)
    return true;
  return device.class_id >> 8U == kDisplays &&
         std::find(std::begin(kMakers), std::end(kMakers), device.vendor_id) != std::end(kMakers);
}

bool is_nic(const PciDevice& device) {
  constexpr unsigned kNetworks = 0x02;
  constexpr unsigned kInfiniBand = 0x0c06;
  return device.class_id >> 8U == kNetworks || device.class_id == kInfiniBand;
}

std::string address_of(const PciDevice& device) {
  char text[32];
  (void)std::snprintf(text,
                      sizeof text,
                      "%04x:%02x:%02x.%x",
                      device.domain,
                      device.bus,
                      device.dev,
                      device.func);  // fits
  return text;
}

/// What the system calls it, or a part of it.
void add_name(Device& device, hwloc_obj_t object) {
  const hwloc_obj_osdev_type_t type = object->attr->osdev.type;
  if (object->name != nullptr) device.names.emplace_back(object->name);
  const char* const identity = hwloc_obj_get_info_by_name(object, "NVIDIAUUID");
  if (identity != nullptr) device.names.emplace_back(identity);
  if (type == HWLOC_OBJ_OSDEV_OPENFABRICS) device.is_fabric = true;
  if (device.kind != DeviceKind::other) return;
  if (type == HWLOC_OBJ_OSDEV_OPENFABRICS || type == HWLOC_OBJ_OSDEV_NETWORK)
    device.kind = DeviceKind::nic;
}

Device device_of(hwloc_topology_t topology, hwloc_obj_t object) {
  Device device;
  if (object->type == HWLOC_OBJ_PCI_DEVICE) {
    const PciDevice& pci = object->attr->pcidev;
    device.names.push_back(address_of(pci));
    device.kind = is_gpu(pci) ? DeviceKind::gpu : is_nic(pci) ? DeviceKind::nic : DeviceKind::other;
    for (hwloc_obj_t child = object->io_first_child; child != nullptr; child = child->next_sibling)
      if (child->type == HWLOC_OBJ_OS_DEVICE) add_name(device, child);
  } else {
    add_name(device, object);
  }
  const hwloc_obj_t near = hwloc_get_non_io_ancestor_obj(topology, object);
  if (near != nullptr && near->cpuset != nullptr) device.cpus = numbers_of(near->cpuset);
  return device;
}

/// On PCI, and what hangs there without.
std::vector<Device> devices_of(hwloc_topology_t topology) {
  std::vector<Device> devices;
  for (hwloc_obj_t one = hwloc_get_next_pcidev(topology, nullptr); one != nullptr;
       one = hwloc_get_next_pcidev(topology, one))
    devices.push_back(device_of(topology, one));
  for (hwloc_obj_t one = hwloc_get_next_osdev(topology, nullptr); one != nullptr;
       one = hwloc_get_next_osdev(topology, one))
    if (one->parent->type != HWLOC_OBJ_PCI_DEVICE) devices.push_back(device_of(topology, one));
  std::erase_if(devices, [](const Device& device) { return device.names.empty(); });
  std::stable_sort(devices.begin(), devices.end(), [](const Device& one, const Device& other) {
    return one.names[0] < other.names[0];
  });
  return devices;
}

Machine machine_of(hwloc_topology_t topology) {
  Machine machine;
  std::map<hwloc_obj_t, unsigned> known;
  for (hwloc_obj_t pu = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, nullptr); pu != nullptr;
       pu = hwloc_get_next_obj_by_type(topology, HWLOC_OBJ_PU, pu)) {
    hwloc_obj_t near = pu;
    while (near->memory_first_child == nullptr && near->parent != nullptr)
      near = near->parent;
    const auto [at, is_new] = known.try_emplace(near, static_cast<unsigned>(machine.memory.size()));
    if (is_new) add_memory(machine.memory.emplace_back(), near);
    machine.cpus.push_back({.number = pu->os_index,
                            .core = part_of(topology, HWLOC_OBJ_CORE, pu, pu->logical_index),
                            .l3 = part_of(topology, HWLOC_OBJ_L3CACHE, pu, Cpu::kNoL3),
                            .numa = at->second,
                            .socket = part_of(topology, HWLOC_OBJ_PACKAGE, pu, 0),
                            .kind = kind_of(topology, pu)});
  }
  machine.allowed = numbers_of(hwloc_topology_get_allowed_cpuset(topology));
  return machine;
}

}  // namespace

void Topology::Free::operator()(void* topology) const noexcept {
  hwloc_topology_destroy(static_cast<hwloc_topology_t>(topology));
}

Result<Topology> Topology::create(Devices devices) {
  hwloc_topology_t made = nullptr;
  if (hwloc_topology_init(&made) != 0) return refused("hwloc_topology_init", "use hwloc", errno);
  Topology topology(made, devices);
  (void)hwloc_topology_set_all_types_filter(made, HWLOC_TYPE_FILTER_KEEP_NONE);
  // A group is where memory hangs that is nearest to a part of a socket.
  for (const hwloc_obj_type_t type :
       {HWLOC_OBJ_PACKAGE, HWLOC_OBJ_GROUP, HWLOC_OBJ_L3CACHE, HWLOC_OBJ_CORE})
    (void)hwloc_topology_set_type_filter(
        made,
        type,
        type == HWLOC_OBJ_GROUP ? HWLOC_TYPE_FILTER_KEEP_STRUCTURE : HWLOC_TYPE_FILTER_KEEP_ALL);
  if (devices == Devices::all)
    for (const hwloc_obj_type_t type : {HWLOC_OBJ_PCI_DEVICE, HWLOC_OBJ_OS_DEVICE})
      (void)hwloc_topology_set_type_filter(made, type, HWLOC_TYPE_FILTER_KEEP_IMPORTANT);
  // Those that we may not use are drawn too. What takes long and is not needed is left out: so is
  // asking the CPUs themselves, one after the other, which moves this process to each of them.
  (void)hwloc_topology_set_flags(made,
                                 HWLOC_TOPOLOGY_FLAG_INCLUDE_DISALLOWED |
                                     HWLOC_TOPOLOGY_FLAG_NO_DISTANCES |
                                     HWLOC_TOPOLOGY_FLAG_NO_MEMATTRS);
  (void)hwloc_topology_set_components(made, HWLOC_TOPOLOGY_COMPONENTS_FLAG_BLACKLIST, "x86");
  return topology;
}

Result<Machine> Topology::load(const std::string& goal) {
  auto* const topology = static_cast<hwloc_topology_t>(topology_.get());
  if (hwloc_topology_load(topology) != 0) return refused("hwloc_topology_load", goal, errno);
  Machine machine = machine_of(topology);
  machine.knows_devices = devices_ == Devices::all;
  if (machine.knows_devices) machine.devices = devices_of(topology);
  return machine;
}

Result<Machine> Topology::read_machine() {
  return load("find the CPUs of this node");
}

Result<Machine> Topology::parse_xml(const std::string& xml) {
  const std::string goal = "understand the topology";
  auto* const topology = static_cast<hwloc_topology_t>(topology_.get());
  // hwloc counts the NUL behind it.
  if (xml.size() >= INT_MAX ||
      hwloc_topology_set_xmlbuffer(topology, xml.c_str(), static_cast<int>(xml.size()) + 1) != 0)
    return refused("hwloc_topology_set_xmlbuffer", goal, EINVAL);
  return load(goal);
}

Result<Machine> Topology::parse_synthetic(const std::string& words) {
  const std::string goal = "understand the description of a topology";
  auto* const topology = static_cast<hwloc_topology_t>(topology_.get());
  if (hwloc_topology_set_synthetic(topology, words.c_str()) != 0)
    return refused("hwloc_topology_set_synthetic", goal, errno);
  return load(goal);
}

}  // namespace berth::pin
