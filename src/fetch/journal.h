// The journal of a file that is not whole yet: what it will be, and which bytes of it are there.
// Pure; partial_file.cc reads and writes it.
//
// A text file, one line an entry, in the order in which things happened:
//
//   hearth-pull 1 <size> <boot id> <key>
//   <from> <to>
//   restart
//
// A range is written only after its bytes are. A last line without its newline was cut off and does
// not count. `restart`: what was there before does not count any more. After a crash of the machine
// (another boot id) a journal may promise bytes that never reached the disk: then the file is worth
// something only if a hash will say so at the end.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "fetch/range_set.h"

namespace hearth::fetch {

struct JournalHead {
  uint64_t size = 0;
  std::string boot_id;
  std::string key;  // one word: what the bytes are a part of (source, version)

  bool operator==(const JournalHead&) const = default;
};

std::string FirstLine(const JournalHead& head);
std::string RangeLine(const Range& range);
inline constexpr std::string_view kRestartLine = "restart\n";

struct Journal {
  JournalHead head;
  RangeSet done;
};

// Nothing when it is not a journal or says what cannot be (a range beyond the size).
std::optional<Journal> ReadJournal(std::string_view text);

}  // namespace hearth::fetch
