// SPDX-License-Identifier: Apache-2.0
#include "hooks/elf/elf.h"

#include "base/text.h"

#include <elf.h>

#include <algorithm>
#include <cstring>
#include <optional>
#include <type_traits>

namespace berth::hooks {

namespace {

#if defined(__x86_64__)
constexpr std::uint16_t kOwnMachine = EM_X86_64;
#elif defined(__aarch64__)
constexpr std::uint16_t kOwnMachine = EM_AARCH64;
#else
#error "add the number of this machine"
#endif

constexpr std::size_t kMostSegments = 512;
constexpr std::size_t kMostEntries = 4096;  ///< of the dynamic section
constexpr std::size_t kMostRecords = 4096;  ///< of versions, in one file
constexpr std::size_t kLongestText = 4096;
constexpr std::size_t kMostSymbols = 200'000;
constexpr std::size_t kMostSymbolText = 16UL << 20;

/// A file by pieces, of which the last few are kept.
class Pieces {
 public:
  explicit Pieces(const ReadBytes& read) : read_(read) {}

  /// False where the file has no such bytes.
  bool copy(std::uint64_t offset, void* to, std::size_t size) {
    auto* bytes = static_cast<char*>(to);
    while (size != 0) {
      const std::string& piece = piece_of(offset);
      const std::size_t at = offset % kPiece;
      if (at >= piece.size()) return false;
      const std::size_t count = std::min(size, piece.size() - at);
      std::copy_n(piece.data() + at, count, bytes);
      bytes += count;
      offset += count;
      size -= count;
    }
    return true;
  }

 private:
  static constexpr std::size_t kPiece = 64UL * 1024;
  static constexpr std::size_t kKept = 8;

  struct Kept {
    std::uint64_t number;
    std::string bytes;
  };

  const std::string& piece_of(std::uint64_t offset) {
    const std::uint64_t number = offset / kPiece;
    const auto known = std::find_if(
        kept_.begin(), kept_.end(), [&](const Kept& one) { return one.number == number; });
    if (known != kept_.end()) return known->bytes;
    if (kept_.size() == kKept) kept_.erase(kept_.begin());
    kept_.push_back({number, read_(number * kPiece, kPiece)});
    return kept_.back().bytes;
  }

  const ReadBytes& read_;
  std::vector<Kept> kept_;
};

class File {
 public:
  explicit File(const ReadBytes& read) : pieces_(read) {}

  /// Nothing where it is damaged.
  std::optional<Elf> take();
  std::optional<Symbols> take_symbols();

 private:
  struct Segment {
    std::uint64_t address = 0;
    std::uint64_t offset = 0;
    std::uint64_t size = 0;
  };

  template <class T>
  T number_at(std::uint64_t offset) {
    static_assert(std::is_trivially_copyable_v<T>);
    T value{};
    if (!pieces_.copy(offset, &value, sizeof value)) is_sound_ = false;
    return value;
  }

  bool read_header();
  [[nodiscard]] std::uint64_t first(Elf64_Sxword tag) const;
  void read_entries();
  void find_texts();
  void read_dynamic(Elf& elf);
  std::uint64_t count_symbols();
  std::uint64_t count_hashed(std::uint64_t table);
  void read_symbol(std::uint64_t at, Symbols& symbols);
  std::uint64_t offset_of(std::uint64_t address);
  std::string text_at(std::uint64_t offset);
  void read_wants(Elf& elf);
  void read_versions(Elf& elf);
  bool step(std::uint64_t& at, std::uint32_t next);

  Pieces pieces_;
  bool is_sound_ = true;
  std::vector<Segment> segments_;
  Segment dynamic_;
  std::uint64_t texts_ = 0;  ///< an offset
  std::uint64_t texts_size_ = 0;
  std::vector<Elf64_Dyn> entries_;
  std::size_t records_ = 0;
  std::size_t symbol_text_ = 0;
};

bool File::read_header() {
  const auto header = number_at<Elf64_Ehdr>(0);
  if (!is_sound_ || std::memcmp(header.e_ident, ELFMAG, SELFMAG) != 0) return false;
  if (header.e_ident[EI_CLASS] != ELFCLASS64 || header.e_ident[EI_DATA] != ELFDATA2LSB ||
      header.e_machine != kOwnMachine || header.e_phentsize != sizeof(Elf64_Phdr) ||
      header.e_phnum > kMostSegments)
    return false;
  for (std::uint64_t i = 0; i < header.e_phnum && is_sound_; ++i) {
    if (header.e_phoff > UINT64_MAX / 2) return false;
    const auto part = number_at<Elf64_Phdr>(header.e_phoff + i * sizeof(Elf64_Phdr));
    const Segment segment{part.p_vaddr, part.p_offset, part.p_filesz};
    if (part.p_type == PT_LOAD) segments_.push_back(segment);
    if (part.p_type == PT_DYNAMIC) dynamic_ = segment;
  }
  return is_sound_ && dynamic_.offset < UINT64_MAX / 2;
}

/// Where in the file a byte of memory comes from.
std::uint64_t File::offset_of(std::uint64_t address) {
  for (const Segment& one : segments_)
    if (address >= one.address && address - one.address < one.size && one.offset < UINT64_MAX / 2 &&
        address - one.address < UINT64_MAX / 4)
      return one.offset + (address - one.address);
  is_sound_ = false;
  return 0;
}

std::string File::text_at(std::uint64_t offset) {
  std::string text;
  while (is_sound_ && offset < texts_size_ && text.size() < kLongestText) {
    const char next = number_at<char>(texts_ + offset++);
    if (next == '\0') return text;
    text += next;
  }
  is_sound_ = false;
  return {};
}

/// Those of which a library has one.
std::uint64_t File::first(Elf64_Sxword tag) const {
  const auto found = std::find_if(
      entries_.begin(), entries_.end(), [&](const auto& entry) { return entry.d_tag == tag; });
  return found == entries_.end() ? 0 : found->d_un.d_val;
}

void File::read_entries() {
  const std::size_t count =
      std::min<std::uint64_t>(dynamic_.size / sizeof(Elf64_Dyn), kMostEntries);
  for (std::size_t i = 0; i < count && is_sound_; ++i) {
    const auto entry = number_at<Elf64_Dyn>(dynamic_.offset + i * sizeof(Elf64_Dyn));
    if (entry.d_tag == DT_NULL) break;
    entries_.push_back(entry);
  }
}

/// Where names are; nowhere is at 0.
void File::find_texts() {
  read_entries();
  texts_size_ = first(DT_STRSZ);
  if (texts_size_ > UINT32_MAX) is_sound_ = false;
  if (is_sound_ && first(DT_STRTAB) != 0) texts_ = offset_of(first(DT_STRTAB));
}

void File::read_dynamic(Elf& elf) {
  find_texts();
  if (!is_sound_ || texts_ == 0) return;
  for (const Elf64_Dyn& entry : entries_) {
    const std::uint64_t value = entry.d_un.d_val;
    if (entry.d_tag == DT_NEEDED) elf.needed.push_back(text_at(value));
    if (entry.d_tag == DT_SONAME) elf.soname = text_at(value);
    if (entry.d_tag == DT_RPATH) elf.rpath = text_at(value);
    if (entry.d_tag == DT_RUNPATH) elf.runpath = text_at(value);
  }
}

/// To the next record of a list, which lies behind this one. False at the end.
bool File::step(std::uint64_t& at, std::uint32_t next) {
  if (++records_ > kMostRecords) is_sound_ = false;
  at += next;
  return next != 0 && is_sound_;
}

void File::read_wants(Elf& elf) {
  if (first(DT_VERNEEDNUM) == 0 || !is_sound_) return;
  std::uint64_t at = offset_of(first(DT_VERNEED));
  Elf64_Verneed need{};
  do {
    need = number_at<Elf64_Verneed>(at);
    NeededVersions wanted{text_at(need.vn_file)};
    std::uint64_t from = at + need.vn_aux;
    Elf64_Vernaux version{};
    do {
      version = number_at<Elf64_Vernaux>(from);
      if ((version.vna_flags & VER_FLG_WEAK) == 0)
        wanted.versions.push_back(text_at(version.vna_name));
    } while (step(from, version.vna_next));
    elf.wants.push_back(std::move(wanted));
  } while (step(at, need.vn_next));
}

void File::read_versions(Elf& elf) {
  if (first(DT_VERDEFNUM) == 0 || !is_sound_) return;
  std::uint64_t at = offset_of(first(DT_VERDEF));
  Elf64_Verdef version{};
  do {
    version = number_at<Elf64_Verdef>(at);
    const auto name = number_at<Elf64_Verdaux>(at + version.vd_aux);
    // The base names the file itself.
    if ((version.vd_flags & VER_FLG_BASE) == 0) elf.versions.push_back(text_at(name.vda_name));
  } while (step(at, version.vd_next));
}

/// Of GNU's hash table, which has the defined ones, at the end: one behind the last of the longest
/// chain.
std::uint64_t File::count_hashed(std::uint64_t table) {
  const auto buckets = number_at<std::uint32_t>(table);
  const auto undefined = number_at<std::uint32_t>(table + 4);
  const auto words = number_at<std::uint32_t>(table + 8);
  const std::uint64_t first_bucket = table + 16 + 8ULL * words;
  if (buckets > kMostSymbols) is_sound_ = false;
  std::uint64_t last = 0;
  for (std::uint64_t i = 0; i < buckets && is_sound_; ++i)
    last = std::max<std::uint64_t>(last, number_at<std::uint32_t>(first_bucket + 4 * i));
  if (last < undefined) return undefined;
  const std::uint64_t chains = first_bucket + 4ULL * buckets;
  while (is_sound_ && last < kMostSymbols &&
         (number_at<std::uint32_t>(chains + 4 * (last - undefined)) & 1U) == 0)
    ++last;
  return last + 1;
}

std::uint64_t File::count_symbols() {
  std::uint64_t count = 0;
  if (const std::uint64_t hash = first(DT_HASH); hash != 0)
    count = number_at<std::uint32_t>(offset_of(hash) + 4);
  else if (const std::uint64_t gnu_hash = first(DT_GNU_HASH); gnu_hash != 0)
    count = count_hashed(offset_of(gnu_hash));
  if (count > kMostSymbols) is_sound_ = false;
  return count;
}

void File::read_symbol(std::uint64_t at, Symbols& symbols) {
  const auto symbol = number_at<Elf64_Sym>(at);
  const auto binding = ELF64_ST_BIND(symbol.st_info);
  const auto visibility = ELF64_ST_VISIBILITY(symbol.st_other);
  const bool is_defined = symbol.st_shndx != SHN_UNDEF;
  const bool is_seen = visibility == STV_DEFAULT || visibility == STV_PROTECTED;
  if (!is_seen || (binding != STB_GLOBAL && !(binding == STB_WEAK && is_defined))) return;
  std::string name = text_at(symbol.st_name);
  if (name.empty()) return;
  symbol_text_ += name.size();
  if (symbol_text_ > kMostSymbolText) is_sound_ = false;
  (is_defined ? symbols.defined : symbols.wanted).push_back(std::move(name));
}

std::optional<Symbols> File::take_symbols() {
  if (!read_header()) return std::nullopt;
  find_texts();
  Symbols symbols;
  if (!is_sound_ || texts_ == 0 || first(DT_SYMTAB) == 0) return std::nullopt;
  const std::uint64_t table = offset_of(first(DT_SYMTAB));
  const std::uint64_t count = count_symbols();
  for (std::uint64_t i = 1; i < count && is_sound_; ++i)  // the first is none
    read_symbol(table + i * sizeof(Elf64_Sym), symbols);
  if (!is_sound_) return std::nullopt;
  for (auto* names : {&symbols.defined, &symbols.wanted}) {
    std::sort(names->begin(), names->end());
    names->erase(std::unique(names->begin(), names->end()), names->end());
  }
  return symbols;
}

std::optional<Elf> File::take() {
  if (!read_header()) return std::nullopt;
  Elf elf;
  read_dynamic(elf);
  read_wants(elf);
  read_versions(elf);
  if (!is_sound_) return std::nullopt;
  return elf;
}

Error unreadable(const std::string& name) {
  return {Blame::config,
          "read " + quote(name) + ": it is no library of this machine's kind, or is damaged"};
}

}  // namespace

Result<Elf> read_elf(const ReadBytes& read, const std::string& name) {
  auto elf = File(read).take();
  if (elf) return std::move(*elf);
  return unreadable(name);
}

Result<Symbols> read_symbols(const ReadBytes& read, const std::string& name) {
  auto symbols = File(read).take_symbols();
  if (symbols) return std::move(*symbols);
  return unreadable(name);
}

}  // namespace berth::hooks
