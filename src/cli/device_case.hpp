// attnbounds device-case, for main.cpp.
#pragma once

#include "cli/command.hpp"

namespace attnbounds {
Command add_device_case(CLI::App& app);
}  // namespace attnbounds
