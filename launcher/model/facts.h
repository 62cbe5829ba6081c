// SPDX-License-Identifier: Apache-2.0
// What the host looked like when we asked. Filled in by survey, invented by tests.
#pragma once

#include "launcher/model/group.h"
#include "launcher/model/ids.h"
#include "launcher/model/machine.h"

#include <cstdint>
#include <string>
#include <vector>

namespace berth {

/// This process's place among the processes that one launcher started together.
struct Rank {
  std::string launcher;  ///< "slurm", "openmpi", "mpich", "flux"; empty: started alone
  std::string step;      ///< tells this step from every other one of the user's on this node
  unsigned rank = 0;
  unsigned local_rank = 0;
  unsigned local_size = 1;               ///< ranks of the step on this node
  std::string doubt = {};                ///< why these numbers may be wrong: "PMI_RANK is 'x'"
  std::vector<std::string> directories;  ///< what MPI needs to see at the same place inside
};

struct Facts {
  unsigned uid = 0;
  unsigned gid = 0;
  std::string user;         ///< name of uid
  std::string group;        ///< name of gid
  std::string home;         ///< from the environment, else from the user database
  std::string cwd;          ///< empty where it cannot be named
  std::string node;         ///< host name
  std::string base;         ///< an existing directory over which the container is built
  std::string hosts;        ///< the host's /etc/hosts
  std::string resolv_conf;  ///< the host's /etc/resolv.conf
  std::string network;      ///< the program that connects a container's own, where one is asked for
  SubordinateIds subordinate = {};       ///< where they are asked for
  std::vector<std::string> environment;  ///< NAME=value
  std::vector<std::string> directories;  ///< of those that a plan may want to show, what exists
  std::vector<int> kept_descriptors;     ///< above 2, what a launcher hands its ranks (PMI_FD)
  int helpers = -1;  ///< where Slurm's plugin wants to read the pids of berth's own processes
  Rank rank;
  CpuFacts cpus = {};            ///< where they are asked for
  GroupPlan control_group = {};  ///< the control group that the program gets; no parts: none
};

/// One of the files that each program of an image reads when it starts, or what leads to one.
struct StartFile {
  enum class Kind { directory, link, file };

  std::string path;  ///< below the image's root
  Kind kind = Kind::directory;
  unsigned mode = 0;         ///< permission bits
  std::int64_t mtime = 0;    ///< seconds since 1970
  std::string target = {};   ///< of a link
  std::uint64_t offset = 0;  ///< of a file: where in the image its bytes lie
  std::uint64_t size = 0;    ///< bytes
};

/// One of the images that lie on each other as the root of a container.
struct Layer {
  std::string name;           ///< as people named it
  bool is_directory = false;  ///< of this node, in the place of an image's file
};

/// What the locked-down server read in the image, and what we know of its file.
struct ImageFacts {
  std::vector<Layer> layers = {};  ///< the lowest first; none: one file, which the request names
  std::string path;                ///< absolute
  std::string source = "berth";    ///< what the mounts of a container of it call themselves
  std::string config;              ///< the OCI image configuration, JSON; may be empty
  std::string passwd;
  std::string group;
  std::vector<StartFile> start;  ///< parents first; may be empty
  bool has_proof = false;        ///< the server tells later whether they are as they should be
};

/// What a second look found, after a step was refused. A hint without it is a guess.
struct Findings {
  bool source_exists = true;
  bool target_exists = true;
  std::string locked = {};  ///< what the node's mount of the source says and a plan contradicts
  bool has_mounts_below = false;  ///< below the source
  bool program_exists = false;  ///< the file is there, so its interpreter or format is the trouble
};

}  // namespace berth
