// AdminClient: asks the pool that runs here, through its admin API (docs/admin-api.md).
//
// Blocking; one thread. Failures are one sentence: kNotFound when no pool has been started here,
// kUnavailable when it does not answer, kUnprocessable with the pool's own words when it refuses.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/result.h"
#include "cli/pool_flags.h"
#include "pool/state_dir.h"

namespace hearth::cli {

class AdminClient {
 public:
  static Result<AdminClient> Find(const PoolFlags& flags);

  Result<std::string> Get(const std::string& target) const;  // the body
  Status Post(const std::string& target, std::string body) const;
  // A pool that ends in order takes its address away.
  bool AddressIsThere() const { return pool::StateDir::LoadAdmin(state_dir_).has_value(); }

 private:
  AdminClient(std::string state_dir, pool::AdminAddress admin)
      : state_dir_(std::move(state_dir)), admin_(std::move(admin)) {}

  Result<std::string> Ask(const std::string& method, const std::string& target,
                          std::string body) const;

  std::string state_dir_;
  pool::AdminAddress admin_;
};

}  // namespace hearth::cli
