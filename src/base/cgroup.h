// Where the kernel keeps the limits of this process's control group (cgroup v2, and v1 with one
// mount per controller), and how its small text files are read.
//
// A limit of any parent binds too, so a reader visits the process's own folder and every parent up
// to the mount. In a container /proc/self/cgroup may name a folder of the host that does not exist
// inside; then only the mount itself answers.
//
// `root` is "" except in tests, where it is a folder that holds proc/self/cgroup and sys/fs/cgroup.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace hearth {

class Cgroup {
 public:
  // Reads proc/self/cgroup. A file that is missing or says nothing means: at the mount.
  explicit Cgroup(const std::string& root = "");

  using Visitor = std::function<void(const std::string& folder)>;
  // The folders of the unified (v2) tree, from the process's own upwards.
  void VisitV2(const Visitor& visit) const;
  // The same in the tree of a v1 controller: "cpu", "memory".
  void VisitV1(std::string_view controller, const Visitor& visit) const;

 private:
  std::string mount_;
  std::string lines_;  // of proc/self/cgroup
};

// The number that `text` begins with; absent for "max" and anything else.
std::optional<int64_t> ParseInt(std::string_view text);
std::optional<int64_t> ReadInt(const std::string& path);
// The value of `key` in a file of "key value" lines.
std::optional<int64_t> ReadKey(const std::string& path, std::string_view key);

}  // namespace hearth
