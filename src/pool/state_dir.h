// StateDir: what a pool remembers on disk, and the lock that makes it one pool.
//
//   lock            flock'ed by the controller; holds its pid
//   state.json      next replica id, versions and specs, floor/spare/max set by `scale`
//   replicas/r7.json   one per running replica: its handle (processes)
//   logs/r7.log     stdout and stderr of replica r7; the last 50 are kept
//   run/r7.sock     unix sockets of hearth's own replicas
//   admin.json      where the admin API listens, and its token (mode 0600)
//
// Everything in it is its owner's only (folders 0700, files 0600). Files are replaced by rename. A
// file that makes no sense is moved aside (NAME.damaged), named in the log, and the pool goes on.
// Any thread, as long as no two write the same file: the controller has state.json and admin.json,
// the backend the rest.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/unique_fd.h"
#include "pool/backend.h"

namespace hearth::pool {

struct StoredPolicy {
  std::optional<int> floor, spare, max;  // set: they win over hearth.toml until it changes there
};

struct StoredState {
  uint64_t next_replica = 1;
  std::string current_version;   // what the pool runs, or rolls to
  std::string previous_version;  // what a roll that fails returns to; empty: none is on
  std::vector<ReplicaSpec> specs;
  StoredPolicy policy;
  std::string config_digest;  // of [pool], so that a changed file wins over stored numbers
};

struct AdminAddress {
  std::string url;
  std::string token;
};

class StateDir {
 public:
  // Makes the folder and takes the lock: kUnavailable with the pid that has it. kIo names what
  // cannot be made and the remedy. `log` (null: none) outlives the object.
  static Result<StateDir> Open(const std::string& path, const Log* log = nullptr);
  StateDir(StateDir&&) noexcept;
  StateDir& operator=(StateDir&&) = delete;
  ~StateDir();  // lets go of the lock; the address of the admin API is no longer there

  const std::string& path() const { return path_; }  // absolute, without links
  // What is not there is empty; next_replica is above every replica that has left a trace here.
  Result<StoredState> Load();
  Status Save(const StoredState& state);
  Status SaveReplica(const ReplicaHandle& replica);
  void ForgetReplica(ReplicaId replica);  // its socket too; old logs go
  Result<std::vector<ReplicaHandle>> LoadReplicas();
  Status SaveAdmin(const AdminAddress& admin);

  std::string LogPath(ReplicaId replica) const;
  // Empty when a unix socket's path would be too long (107 bytes).
  std::string SocketPath(ReplicaId replica) const;

  // For the other commands; needs no lock. kNotFound: no pool runs here.
  static Result<AdminAddress> LoadAdmin(const std::string& path);

 private:
  StateDir(std::string path, UniqueFd lock, const Log* log);
  void MoveAside(const std::string& file, const std::string& why) const;
  void RemoveOldLogs() const;

  std::string path_;
  UniqueFd lock_;
  const Log* log_;
};

}  // namespace hearth::pool
