// SPDX-License-Identifier: Apache-2.0
#include "launcher/cli/mpi_check.h"

#include "base/file.h"
#include "base/loader.h"
#include "base/text.h"
#include "hooks/edits_text.h"
#include "launcher/cli/hook_memory.h"
#include "launcher/survey/survey.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace berth::cli {

namespace {

using hooks::MpiFact;
using Texts = std::vector<std::string>;

std::string value_of(const Texts& environment, std::string_view name) {
  return survey::value_of(environment, name);
}

/// The first of these variables that says a number.
unsigned number_of(const Texts& environment, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    const std::string text = value_of(environment, name);
    unsigned number = 0;
    const auto [end, trouble] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (trouble == std::errc{} && !text.empty() && end == text.data() + text.size()) return number;
  }
  return 1;
}

void add_pmix(Offer& offer, const Texts& environment) {
  if (value_of(environment, "PMIX_NAMESPACE").empty()) return;
  offer.ways.emplace_back(hooks::kPmix);
  const std::string version = value_of(environment, "PMIX_VERSION");
  offer.says = version.empty() ? "PMIX_NAMESPACE is set" : "PMIX_VERSION is " + quote(version);
}

void add_pmi(Offer& offer, const Texts& environment) {
  for (const char* name : {"PMI_FD", "PMI_PORT", "PMI_CONTROL_PORT", "PMI2_FD"}) {
    if (value_of(environment, name).empty()) continue;
    offer.ways.emplace_back(hooks::kPmi);
    offer.says += (offer.says.empty() ? "" : ", ") + std::string(name) + " is set";
    return;
  }
}

std::string list_of(const Texts& words, const char* last) {
  std::string text;
  for (std::size_t i = 0; i < words.size(); ++i)
    text += (i == 0 ? "" : i + 1 == words.size() ? last : ", ") + words[i];
  return text;
}

std::string ways_text(const Texts& ways) {
  return ways.empty() ? "nothing of the kind" : list_of(ways, " and ");
}

std::string name_of(const MpiFact& fact) {
  return fact.family + " " + fact.version;
}

bool fits(const Offer& offer, const MpiFact& fact) {
  return std::any_of(fact.ways.begin(), fact.ways.end(), [&](const std::string& way) {
    return std::find(offer.ways.begin(), offer.ways.end(), way) != offer.ways.end();
  });
}

std::vector<MpiFact> those(const std::vector<MpiFact>& facts, bool of_image) {
  std::vector<MpiFact> some;
  for (const MpiFact& fact : facts)
    if (fact.is_image == of_image) some.push_back(fact);
  return some;
}

bool speaks(const std::vector<MpiFact>& facts, const char* way) {
  return std::any_of(facts.begin(), facts.end(), [&](const MpiFact& fact) {
    return std::find(fact.ways.begin(), fact.ways.end(), way) != fact.ways.end();
  });
}

/// Who starts ranks that these find each other by.
std::string starters_of(const std::vector<MpiFact>& facts) {
  Texts starters;
  if (speaks(facts, hooks::kPmix)) starters = {"Open MPI's mpirun", "srun --mpi=pmix"};
  if (speaks(facts, hooks::kPmi)) starters.emplace_back("MPICH's mpiexec");
  if (speaks(facts, hooks::kPmi) || speaks(facts, hooks::kPmiLibrary))
    starters.emplace_back("srun --mpi=pmi2");
  if (speaks(facts, hooks::kPmi) || speaks(facts, hooks::kFluxPmi))
    starters.emplace_back("flux run");
  return list_of(starters, " or ");
}

/// Whether the node's can take an image's place, and would fit.
bool could_be_replaced(const Offer& offer, const std::vector<MpiFact>& facts) {
  for (const MpiFact& image : those(facts, true))
    for (const MpiFact& node : those(facts, false))
      if (image.family == node.family && fits(offer, node)) return true;
  return false;
}

std::string describe(const MpiFact& fact) {
  std::string text = std::string(fact.is_image ? "image" : "node") + ": " + name_of(fact) + " (" +
                     quote(fact.path) + ") speaks " + ways_text(fact.ways);
  if (!fact.client.empty()) text += ", PMIx by " + quote(fact.client);
  return text + "\n";
}

std::string describe(const Offer& offer) {
  if (offer.who.empty()) return "job: nobody says that this is a rank of one\n";
  std::string text = "job: " + offer.who + " has started " + std::to_string(offer.size) +
                     (offer.size == 1 ? " rank" : " ranks") + " and offers " +
                     ways_text(offer.ways);
  if (!offer.says.empty()) text += " (" + offer.says + ")";
  return text + "\n";
}

std::string verdict(const Offer& offer, const std::vector<MpiFact>& facts) {
  const auto image = those(facts, true);
  if (image.empty()) return "a program that brings its own MPI is not known here";
  if (offer.who.empty())
    return "a program of MPI is alone; ranks find each other if they are started by " +
           starters_of(image);
  for (const MpiFact& fact : image)
    if (fits(offer, fact)) return name_of(fact) + " fits, as far as can be seen from here";
  std::string text = mismatch(offer, facts);
  if (text.empty()) text = "nothing fits, and one rank needs nothing";
  text += "; start it by " + starters_of(image);
  if (could_be_replaced(offer, facts))
    text += ", or put this node's MPI in its place: --mpi-hook=auto";
  return text;
}

/// A file of its own, from its beginning.
Result<UniqueFd> input_with(const std::string& text) {
  const std::string goal = "ask what MPI there is";
  UniqueFd file(::memfd_create("berth-state", MFD_CLOEXEC));
  if (!file.is_open()) return refused("memfd_create", goal, errno);
  if (const int number = write_fully(file.get(), text.data(), text.size()); number != 0)
    return refused("write", goal, number);
  if (::lseek(file.get(), 0, SEEK_SET) != 0) return refused("lseek", goal, errno);
  return file;
}

/// Of many nodes one speaks: that of the first rank, as ranks are dealt out as a rule.
bool is_first_node(const Launch& launch, const Session& session) {
  const std::string node = variable(session, "SLURM_NODEID");
  if (launch.facts.rank.launcher == "slurm" && !node.empty()) return node == "0";
  return launch.facts.rank.rank < launch.facts.rank.local_size;
}

}  // namespace

Offer offer_of(const std::string& launcher, const Texts& environment) {
  Offer offer;
  if (launcher.empty()) return offer;
  add_pmix(offer, environment);
  add_pmi(offer, environment);
  const bool has_pmi = speaks({{.ways = offer.ways}}, hooks::kPmi);
  if (launcher == "openmpi") {
    offer.who = "Open MPI's mpirun";
    offer.size = number_of(environment, {"OMPI_COMM_WORLD_SIZE"});
  } else if (launcher == "mpich") {
    offer.who = "MPICH's mpiexec";
    offer.size = number_of(environment, {"PMI_SIZE"});
  } else if (launcher == "flux") {
    offer.who = "Flux";
    offer.size = number_of(environment, {"FLUX_JOB_SIZE"});
    if (has_pmi) offer.ways.insert(offer.ways.end(), {hooks::kPmiLibrary, hooks::kFluxPmi});
  } else {
    offer.who = "srun";
    offer.size = number_of(environment, {"SLURM_STEP_NUM_TASKS", "SLURM_NTASKS"});
    // Its library asks slurmstepd by itself.
    offer.ways.emplace_back(hooks::kPmiLibrary);
  }
  return offer;
}

std::string mpi_warning(const Offer& offer, const std::vector<MpiFact>& facts) {
  // Many jobs of Slurm are the same program many times, and want no MPI.
  const bool wants_none = offer.ways == Texts{hooks::kPmiLibrary};
  return wants_none ? "" : mismatch(offer, facts);
}

std::string mismatch(const Offer& offer, const std::vector<MpiFact>& facts) {
  const auto image = those(facts, true);
  if (offer.who.empty() || offer.size < 2 || image.empty()) return {};
  if (std::any_of(image.begin(), image.end(), [&](const auto& fact) { return fits(offer, fact); }))
    return {};
  Texts names;
  for (const MpiFact& fact : image)
    names.push_back(name_of(fact) + " speaks " + ways_text(fact.ways));
  Texts ways = offer.ways;
  std::erase(ways, hooks::kPmiLibrary);
  return "of the image's MPI " + list_of(names, " and ") + ", and " + offer.who + " offers " +
         ways_text(ways) + ": each of " + std::to_string(offer.size) +
         " ranks that uses it is alone, or does not start";
}

std::string explain_mpi(const Offer& offer, const std::vector<MpiFact>& facts) {
  std::string text = describe(offer);
  for (const bool of_image : {false, true}) {
    const auto some = those(facts, of_image);
    if (some.empty())
      text += of_image ? "image: no MPI that is known\n" : "node: no MPI that is known\n";
    for (const MpiFact& fact : some)
      text += describe(fact);
  }
  return text + "so: " + verdict(offer, facts) + "\n";
}

void MpiCheck::begin(const Launch& launch, const Session& session, const RootImages& images) {
  offer_ = offer_of(launch.facts.rank.launcher, session.environment);
  if (offer_.size < 2 || launch.request.quiet || only_looks(launch.request) ||
      !is_first_node(launch, session))
    return;
  memory_.emplace(memory_of_facts(launch.request, session, images.contents()));
  is_wanted_ = memory_->is_possible();
  if (!is_wanted_) return;
  if (const auto known = memory_->read()) take(known->front());
}

Status MpiCheck::ask(const Launch& launch,
                     const Session& session,
                     const std::string& state,
                     std::vector<int> images,
                     bool node) {
  offer_ = offer_of(launch.facts.rank.launcher, session.environment);
  Texts words = {"--mpi-facts", "--images=" + std::to_string(images.size())};
  if (node) words.emplace_back("--node-facts");
  if (!launch.request.overlay.empty()) words.push_back("--changes=" + launch.request.overlay);
  auto input = input_with(state);
  if (!input) return std::move(input.error());
  return program_.start("berth-hooks",
                        "../hooks/",
                        std::move(words),
                        for_host_program(session.environment),
                        {input->get(), -1, std::move(images)});
}

void MpiCheck::take(const hooks::Edits& edits) {
  facts_.emplace();
  for (const std::string& line : edits.variables)
    if (auto fact = hooks::parse_mpi_fact(line)) facts_->push_back(std::move(*fact));
}

Status MpiCheck::finish() {
  if (!program_.is_started()) return Done{};
  constexpr std::size_t kLongest = 4UL << 20;
  const auto said = program_.read(kLongest);
  if (!said) return said.error();
  if (said->end != AskedProgram::Answer::End::good)
    return Error{Blame::host, "find out what MPI there is: berth-hooks does not answer"};
  const auto answer = hooks::parse_answer(said->text);
  if (!answer) return answer.error();
  for (const hooks::Edits& edits : answer->edits) {
    if (edits.who != hooks::kMpiFacts) continue;
    if (memory_) memory_->write({edits});
    take(edits);
  }
  if (!facts_) facts_.emplace();
  return Done{};
}

std::string MpiCheck::warning() const {
  return is_wanted_ && facts_ ? mpi_warning(offer_, *facts_) : "";
}

}  // namespace berth::cli
