// What a paper prints, or its published code does, that a claim here or its refuted twin shows to be false:
// in one list, so that it can be read beside the papers. The claims' files have the mathematics, docs/ the
// stories.
#pragma once

#include <map>
#include <string>

namespace attnbounds {

/// By claim id.
const std::map<std::string, std::string>& failures_as_printed();

}  // namespace attnbounds
