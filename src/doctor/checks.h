// Every check's function; checks.cc is the table. check.h says what they are; each file check_*.cc
// says what it looks at.
#pragma once

#include <vector>

#include "doctor/check.h"

namespace hearth::doctor {

// The file and what it renders; on AWS the same.
std::vector<Finding> CheckFile(const Facts& facts);
std::vector<Finding> CheckTaskSize(const Facts& facts);
std::vector<Finding> CheckHealthRoute(const Facts& facts);
std::vector<Finding> CheckGrace(const Facts& facts);
std::vector<Finding> CheckStartPeriod(const Facts& facts);
std::vector<Finding> CheckStopTimeout(const Facts& facts);
std::vector<Finding> CheckRebalancing(const Facts& facts);
std::vector<Finding> CheckZones(const Facts& facts);
std::vector<Finding> CheckImageTag(const Facts& facts);
std::vector<Finding> CheckExecRole(const Facts& facts);
std::vector<Finding> CheckExecutionRole(const Facts& facts);
std::vector<Finding> CheckLogGroup(const Facts& facts);
std::vector<Finding> CheckFloor(const Facts& facts);
std::vector<Finding> CheckContainerUser(const Facts& facts);

// This machine.
std::vector<Finding> CheckModel(const Facts& facts);
std::vector<Finding> CheckMemory(const Facts& facts);
std::vector<Finding> CheckImage(const Facts& facts);
std::vector<Finding> CheckCache(const Facts& facts);
std::vector<Finding> CheckLocalPool(const Facts& facts);

// The service on AWS.
std::vector<Finding> CheckInputs(const Facts& facts);
std::vector<Finding> CheckService(const Facts& facts);
std::vector<Finding> CheckOutOfMemory(const Facts& facts);
std::vector<Finding> CheckImagePull(const Facts& facts);
std::vector<Finding> CheckStartUpLoop(const Facts& facts);
std::vector<Finding> CheckScaleIn(const Facts& facts);
std::vector<Finding> CheckNeverReady(const Facts& facts);
std::vector<Finding> CheckCrash(const Facts& facts);
std::vector<Finding> CheckForcedStop(const Facts& facts);
std::vector<Finding> CheckDeployments(const Facts& facts);
std::vector<Finding> CheckProtection(const Facts& facts);

}  // namespace hearth::doctor
